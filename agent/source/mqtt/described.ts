// Topics that the configuration describes: where the value is, and what type, unit, device, channel and
// time it has, from parts of the topic or paths into the payload. A value that cannot be what its type
// measures is refused, not guessed at.

import { isJsonObject } from '../../../base/json.ts'
import { sensorType } from '../../../wire/types.ts'
import type { TopicConfig } from './config.ts'
import { jsonOf, NOT_JSON, NOTHING, refuse, textOf, unsuitable } from './format.ts'
import type { Format, MqttMessage, Understood } from './format.ts'
import { valueAt } from './json-path.ts'
import { fillTemplate } from './topic-pattern.ts'
import type { TopicParts } from './topic-pattern.ts'

const NUMBER_TEXT = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

type TextConfig = TopicConfig['type']

/** A format for the topics of one description. */
export class Described implements Format {
  readonly filters: readonly string[]
  readonly #config: TopicConfig

  constructor(config: TopicConfig) {
    this.#config = config
    this.filters = [config.topic.filter]
  }

  understand({ topic, payload }: MqttMessage): Understood | undefined {
    const parts = this.#config.topic.match(topic)
    if (parts === undefined) return undefined
    if (payload.length === 0) return NOTHING
    const text = textOf(payload)
    if (text === undefined) return refuse(NOT_JSON)
    const whole = jsonOf(payload)
    const { value: path, observed_at: timePath } = this.#config
    // Plain text is a value by itself, but nothing can be looked up in it.
    if (whole === undefined && path.length > 0) return refuse(NOT_JSON)
    const root = whole === undefined ? text.trim() : whole
    const value = valueAt(root, path)
    if (value === undefined) return missing('value')
    const names = this.#names(root, parts)
    if ('missing' in names) return missing(names.missing)
    const problem = valueProblem(names.type, value)
    if (problem !== undefined) return refuse(unsuitable('value', problem))
    const time = timePath === undefined ? undefined : valueAt(root, timePath)
    const observed = time === undefined || time === null ? {} : { observedAt: time }
    return { kind: 'drafts', drafts: [{ ...names, value, ...observed }], refusals: [] }
  }

  #names(
    root: unknown,
    parts: TopicParts,
  ): { type: string; device: string; channel: string; unit?: string } | { missing: string } {
    const { type, device, channel, unit } = this.#config
    const found = {
      type: resolve(type, root, parts),
      device: resolve(device, root, parts),
      channel: resolve(channel, root, parts),
    }
    for (const [name, text] of Object.entries(found))
      if (text === undefined) return { missing: name }
    const named = unit === undefined ? undefined : resolve(unit, root, parts)
    return {
      ...{ type: found.type ?? '', device: found.device ?? '', channel: found.channel ?? '' },
      ...(named === undefined ? {} : { unit: named }),
    }
  }
}

function resolve(text: TextConfig, root: unknown, parts: TopicParts): string | undefined {
  if ('template' in text) return fillTemplate(text.template, parts)
  const found = valueAt(root, text.path)
  if (typeof found === 'number' && Number.isFinite(found)) return String(found)
  return typeof found === 'string' ? found : undefined
}

function missing(field: string): Understood {
  const message = `the payload or the topic has no "${field}" where the configuration looks for it`
  return refuse({ code: 'field_missing', field, message })
}

/** What a value of this type must be, if this one is not. */
function valueProblem(type: string, value: unknown): string | undefined {
  const { unit, words } = sensorType(type)
  if (value === null) return 'something, not null'
  if (unit !== undefined) {
    if (typeof value === 'number' || (typeof value === 'string' && NUMBER_TEXT.test(value))) {
      return undefined
    }
    return 'a number'
  }
  if (words !== undefined && (isJsonObject(value) || Array.isArray(value)))
    return 'a word or a number'
  return undefined
}
