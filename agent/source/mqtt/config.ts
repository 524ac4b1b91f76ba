// What the configuration says of MQTT: brokers, how to reach them, and what is read there. Wrong
// patterns, paths and addresses are refused when the agent starts, each with its key.

import * as z from 'zod'
import { durationMs, sizeBytes } from '../../../base/quantity.ts'
import { parseSensorType } from '../../../wire/ids.ts'
import { parseJsonPath } from './json-path.ts'
import { compileTopicPattern, templateParts } from './topic-pattern.ts'

/** Most messages that may wait for their sync at once; more gains nothing at any disk's pace. */
const IN_FLIGHT_MAX = 10_000

/** MQTT's session expiry is a number of seconds in four bytes; all ones mean for ever. */
const SESSION_MAX_MS = 0xffff_fffe * 1000

/** MQTT's keep-alive is a number of seconds in two bytes. */
const KEEPALIVE_MAX_MS = 65_535_000

/** What a packet may be at most: the broker is told, and the memory for one is bounded. */
export const PACKET_MAX_BYTES = 16_777_216

const PAYLOAD_MAX_BYTES = 16_000_000

const address = z.string().transform((text, context) => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isTls = url?.protocol === 'mqtts:'
  const plain = url?.username === '' && url.password === '' && url.pathname.length <= 1
  if (url !== undefined && (isTls || url.protocol === 'mqtt:') && plain && url.hostname !== '') {
    const host = url.hostname.replace(/^\[|\]$/g, '')
    return { host, isTls, port: url.port === '' ? (isTls ? 8883 : 1883) : Number(url.port) }
  }
  const rule = 'without user or path: these have keys of their own'
  const message = `must be mqtt://HOST:PORT or mqtts://HOST:PORT, ${rule}`
  context.addIssue({ code: 'custom', message })
  return z.NEVER
})

const pattern = z.string().transform((text, context) => {
  const compiled = compileTopicPattern(text)
  if (!('problem' in compiled)) return compiled
  context.addIssue({ code: 'custom', message: compiled.problem })
  return z.NEVER
})

const devicePattern = pattern.refine(
  ({ parts }) => parts.length === 1 && parts[0] === 'device',
  'must have the part "{device}", such as "tele/{device}", and no other',
)

const path = z.string().transform((text, context) => {
  const steps = parseJsonPath(text)
  if (steps !== undefined) return steps
  context.addIssue({ code: 'custom', message: 'must be a path such as "$.value" or "$.list[0]"' })
  return z.NEVER
})

/** A text with parts of the topic in it, or a path into the payload where it begins with `$`. */
const text = z
  .string()
  .min(1)
  .transform((given, context) => {
    if (!given.startsWith('$')) return { template: given }
    const steps = parseJsonPath(given)
    if (steps !== undefined) return { path: steps }
    context.addIssue({ code: 'custom', message: 'must be a path such as "$.unit", or plain text' })
    return z.NEVER
  })

/** One kind of topic that somebody describes. */
export const topicSchema = z
  .strictObject({
    topic: pattern,
    /** Where in the payload the value is; `$` is all of it. */
    value: path.prefault('$'),
    type: text,
    unit: text.optional(),
    device: text,
    channel: text.prefault('main'),
    observed_at: path.optional(),
  })
  .superRefine(({ topic, type, device, channel, unit = { template: '' } }, context) => {
    const templates = { type, device, channel, unit }
    for (const [key, field] of Object.entries(templates)) {
      if (!('template' in field)) continue
      const unknown = templateParts(field.template).find((part) => !topic.parts.includes(part))
      if (unknown === undefined) continue
      const message = `the topic has no part "{${unknown}}"`
      context.addIssue({ code: 'custom', path: [key], message })
    }
    const fixed =
      'template' in type && templateParts(type.template).length === 0 ? type.template : undefined
    if (fixed === undefined || parseSensorType(fixed) !== undefined) return
    const message = 'must be a type such as "temperature": [a-z][a-z0-9_]{0,31}'
    context.addIssue({ code: 'custom', path: ['type'], message })
  })

/** A topic that somebody describes. */
export type TopicConfig = z.output<typeof topicSchema>

const plainTopic = z
  .string()
  .regex(/^[^+#{}\0]+$/, 'must be a topic without wildcards, such as "zigbee2mqtt"')

/** One broker. */
export const brokerSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,15}$/, 'must be 1 to 16 small letters, digits, "-" or "_"')
      .default('main'),
    url: address,
    version: z.enum(['5', '3.1.1'], { error: 'must be "5" or "3.1.1"' }).default('5'),
    client_id: z.string().min(1).max(128).optional(),
    username: z.string().min(1).optional(),
    password_file: z.string().min(1).optional(),
    tls: z
      .strictObject({
        ca_file: z.string().min(1).optional(),
        cert_file: z.string().min(1).optional(),
        key_file: z.string().min(1).optional(),
        server_name: z.string().min(1).optional(),
      })
      .prefault({}),
    session_expiry: durationMs
      .refine((ms) => ms >= 1000 && ms <= SESSION_MAX_MS, 'must be from 1s to 49710d')
      .prefault('7d'),
    keepalive: durationMs
      .refine((ms) => ms >= 1000 && ms <= KEEPALIVE_MAX_MS, 'must be from 1s to 18h')
      .prefault('30s'),
    max_in_flight: z.int().min(1).max(IN_FLIGHT_MAX).default(1000),
    max_payload: sizeBytes
      .refine((bytes) => bytes >= 1 && bytes <= PAYLOAD_MAX_BYTES, 'must be at most 16MB')
      .prefault('4MB'),
    max_devices: z.int().min(1).max(100_000).default(1000),
    device_prefix: z.string().max(64).default(''),
    zigbee2mqtt: z.array(plainTopic).default([]),
    tasmota: z.array(devicePattern).default([]),
    topics: z.array(topicSchema).default([]),
  })
  .refine(
    ({ zigbee2mqtt, tasmota, topics }) => zigbee2mqtt.length + tasmota.length + topics.length,
    {
      message: 'reads nothing: give zigbee2mqtt, tasmota or topics',
    },
  )
  .refine(({ tls }) => (tls.cert_file === undefined) === (tls.key_file === undefined), {
    path: ['tls'],
    message: 'cert_file and key_file go together',
  })
  .refine(({ password_file, username }) => password_file === undefined || username !== undefined, {
    path: ['username'],
    message: 'is missing, though there is a password_file',
  })

/** A broker's configuration; durations are milliseconds. */
export type BrokerConfig = z.output<typeof brokerSchema>

/** `sources.mqtt`: nothing is read unless a broker is named. */
export const mqttSchema = z
  .strictObject({
    brokers: z
      .array(brokerSchema)
      .refine(
        (brokers) => new Set(brokers.map(({ name }) => name)).size === brokers.length,
        'each broker needs a name of its own',
      )
      .default([]),
  })
  .prefault({})
