// One connection to a broker, on the package `mqtt`: from CONNECT until it ends, by itself or because
// we are told to stop. The package would answer each QoS 1 message at once or hold up all that follow;
// so it is told not to answer (an error from handleMessage does that, and reading goes on), and the
// answers are put on this connection's own stream when their readings are synced. The package writes
// each packet whole and at once, so ours never fall into the middle of one of its own.

import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { SecureContextOptions } from 'node:tls'
import { ErrorWithReasonCode, MqttClient } from 'mqtt'
import type { IClientOptions, IConnackPacket, IPublishPacket } from 'mqtt'
import type { Clock } from '../../../base/clock.ts'
import { HubleafError } from '../../../base/errors.ts'
import { PACKET_MAX_BYTES } from './config.ts'
import { connectionFailed, refusedBy } from './connect-error.ts'
import type { BrokerPlace } from './connect-error.ts'

/** Where and as whom to connect. */
export interface ConnectionOptions extends BrokerPlace {
  readonly host: string
  readonly port: number
  readonly serverName: string | undefined
  readonly tls: Pick<SecureContextOptions, 'ca' | 'cert' | 'key'>
  readonly username: string | undefined
  readonly password: string | undefined
  readonly keepaliveMs: number
  readonly sessionExpiryMs: number
  readonly maxInFlight: number
  readonly filters: readonly string[]
  readonly clock: Clock
}

/** A message as it arrives; `packetId` where it wants an acknowledgement. */
export interface Arrived {
  readonly topic: string
  readonly payload: Uint8Array
  readonly isRetained: boolean
  readonly isRepeat: boolean
  readonly packetId: number | undefined
}

/** Who takes what a connection brings. */
export interface ConnectionUser {
  /** The broker has accepted us; nothing has arrived yet. `write` puts whole packets on the stream. */
  opened(isSessionPresent: boolean, write: (bytes: Uint8Array) => void): void
  /** The broker takes the subscriptions; `lowered` are those that it gives less than QoS 1. */
  subscribed(lowered: readonly string[]): void
  /** A message; what it gives back is waited for before the next one is read. */
  arrived(message: Arrived): Promise<void> | undefined
}

/** How long CONNECT and SUBSCRIBE may take together, and a connection that is asked to end. */
const OPEN_WITHIN_MS = 20_000
const END_WITHIN_MS = 1000

/** Resolves when the connection has ended: with what ended it, or nothing if the signal did. */
export async function runConnection(
  options: ConnectionOptions,
  user: ConnectionUser,
  signal: AbortSignal,
): Promise<HubleafError | undefined> {
  let failure: HubleafError | undefined
  let isSecured = !options.isTls
  const stream = openStream(options)
  stream.once('secureConnect', () => {
    isSecured = true
  })
  const client = new MqttClient(() => stream, clientOptions(options))
  const closed = Promise.withResolvers<undefined>()
  const fail = (error: HubleafError): void => {
    failure ??= error
    stream.destroy()
  }
  const cancelTimer = options.clock.after(OPEN_WITHIN_MS, () => {
    const message = `the broker at ${options.url} does not answer within ${OPEN_WITHIN_MS / 1000} s`
    fail(new HubleafError('mqtt_unreachable', message))
  })
  client.on('error', (error) => {
    if (error instanceof ErrorWithReasonCode) fail(refusedBy(options, error.code, error))
    else fail(connectionFailed(options, error, isSecured))
  })
  client.on('disconnect', ({ reasonCode }) => fail(refusedBy(options, reasonCode ?? 0)))
  stream.once('close', () => {
    failure ??= connectionFailed(options, undefined, isSecured)
    closed.resolve(undefined)
  })
  handOver(client, user)
  client.on('packetreceive', (packet) => {
    if (packet.cmd !== 'connack' || !isAccepted(packet)) return
    user.opened(packet.sessionPresent, (bytes) => stream.write(bytes))
  })
  const refused = (error: unknown): void => fail(subscriptionRefused(options, error))
  client.once('connect', () => {
    subscribe(client, options, user).then(cancelTimer, refused)
  })
  const end = (): void => endClient(client, options.clock, () => stream.destroy())
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  else client.connect()
  await closed.promise
  cancelTimer()
  signal.removeEventListener('abort', end)
  return signal.aborted ? undefined : failure
}

function openStream({ host, port, isTls, serverName, tls }: ConnectionOptions) {
  if (!isTls) return connectTcp({ host, port, noDelay: true })
  const name = serverName ?? host
  return connectTls({ host, port, ...tls, ...(isAddress(name) ? {} : { servername: name }) })
}

/** TLS names no addresses (RFC 6066); the certificate is checked against the address all the same. */
function isAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host)
}

function clientOptions(options: ConnectionOptions): IClientOptions {
  const isFive = options.version === '5'
  const { username, password } = options
  return {
    ...{ clientId: options.clientId, protocolVersion: isFive ? 5 : 4, clean: false },
    keepalive: Math.ceil(options.keepaliveMs / 1000),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // Each connection has a client of its own, made by whoever decides when to try again.
    ...{ manualConnect: true, reconnectPeriod: 0, resubscribe: false, timerVariant: 'native' },
    connectTimeout: OPEN_WITHIN_MS,
    ...(isFive
      ? {
          properties: {
            sessionExpiryInterval: Math.ceil(options.sessionExpiryMs / 1000),
            receiveMaximum: options.maxInFlight,
            maximumPacketSize: PACKET_MAX_BYTES,
          },
        }
      : {}),
  }
}

function isAccepted({ reasonCode, returnCode }: IConnackPacket): boolean {
  return (reasonCode ?? returnCode) === 0
}

/** Said to the package so that it does not acknowledge; nobody sees it. */
const NOT_YET = new HubleafError('internal', 'acknowledged when it is synced')

function handOver(client: MqttClient, user: ConnectionUser): void {
  client.handleMessage = (packet, callback) => {
    const waits = user.arrived(arrivedOf(packet))
    const done = (): void => (packet.qos === 1 ? callback(NOT_YET) : callback())
    if (waits === undefined) done()
    else waits.then(done, (error: unknown) => client.stream.destroy(toError(error)))
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new HubleafError('internal', String(error))
}

function arrivedOf(packet: IPublishPacket): Arrived {
  const { topic, payload, retain, dup, messageId, qos } = packet
  return {
    topic,
    payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
    isRetained: retain,
    isRepeat: dup,
    // We ask for QoS 1 at most, so a broker has no reason to send QoS 2.
    packetId: qos === 1 ? messageId : undefined,
  }
}

async function subscribe(
  client: MqttClient,
  { filters }: ConnectionOptions,
  user: ConnectionUser,
): Promise<void> {
  const asked = Object.fromEntries(filters.map((filter) => [filter, { qos: 1 as const }]))
  const granted = await client.subscribeAsync(asked)
  user.subscribed(granted.filter(({ qos }) => qos < 1).map(({ topic }) => topic))
}

function subscriptionRefused(options: ConnectionOptions, error: unknown): HubleafError {
  const message = `the broker at ${options.url} refuses a subscription to ${options.filters.join(', ')}`
  const hint = 'check what the broker lets this user read'
  return new HubleafError('mqtt_subscription_refused', message, { hint, cause: error })
}

/** DISCONNECT, which leaves the session to the broker; a peer that does not answer is left alone. */
function endClient(client: MqttClient, clock: Clock, destroy: () => void): void {
  if (!client.connected) {
    destroy()
    return
  }
  const cancel = clock.after(END_WITHIN_MS, destroy)
  client.stream.once('close', cancel)
  client.end()
}
