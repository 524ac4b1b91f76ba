// Topic patterns as a configuration has them: levels as they are, and named parts in braces, each of
// which stands for one whole level: `sensors/{room}/{device}`. Pure; no wildcards beside the parts.

/** A compiled pattern. */
export interface TopicPattern {
  /** The MQTT topic filter that takes what the pattern takes. */
  readonly filter: string
  /** Names of the parts, in their order. */
  readonly parts: readonly string[]
  /** The parts by name if the topic fits, else undefined. */
  match(topic: string): TopicParts | undefined
}

/** The named parts of one topic. */
export type TopicParts = ReadonlyMap<string, string>

const PART = /^\{([a-z][a-z0-9_]*)\}$/

/** The longest topic of MQTT, bytes. */
const TOPIC_MAX_BYTES = 65_535

/** The pattern, or why the text is none. */
export function compileTopicPattern(text: string): TopicPattern | { readonly problem: string } {
  const levels = text.split('/')
  if (text === '' || Buffer.byteLength(text) > TOPIC_MAX_BYTES) {
    return { problem: 'must be a topic such as "sensors/{room}/{device}"' }
  }
  const names = levels.map((level) => PART.exec(level)?.[1])
  const odd = levels.find((level, index) => names[index] === undefined && /[{}+#\0]/.test(level))
  if (odd !== undefined) {
    return { problem: `the level "${odd}" must be plain text or one named part such as "{device}"` }
  }
  const parts = names.filter((name) => name !== undefined)
  const twice = parts.find((name, index) => parts.indexOf(name) !== index)
  if (twice !== undefined) return { problem: `the part "{${twice}}" stands there twice` }
  return {
    ...{ filter: levels.map((level, at) => (names[at] === undefined ? level : '+')).join('/') },
    parts,
    match: (topic) => matchLevels(levels, names, topic),
  }
}

function matchLevels(
  levels: readonly string[],
  names: readonly (string | undefined)[],
  topic: string,
): TopicParts | undefined {
  const given = topic.split('/')
  if (given.length !== levels.length) return undefined
  const found = new Map<string, string>()
  for (const [index, level] of given.entries()) {
    const name = names[index]
    if (name !== undefined) found.set(name, level)
    else if (levels[index] !== level) return undefined
  }
  return found
}

/** A text with `{part}`s in it, filled in; undefined if a part is not there. */
export function fillTemplate(template: string, parts: TopicParts): string | undefined {
  if (templateParts(template).some((name) => !parts.has(name))) return undefined
  return template.replace(/\{([a-z][a-z0-9_]*)\}/g, (_whole, name: string) => parts.get(name) ?? '')
}

/** The names of the parts that a template uses. */
export function templateParts(template: string): readonly string[] {
  return [...template.matchAll(/\{([a-z][a-z0-9_]*)\}/g)].map((match) => match[1] ?? '')
}
