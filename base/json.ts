// Small total helpers to look into values of unknown shape without forcing types.
// The one place where JSON text is parsed outside the codecs; nothing here throws.

/** A JSON object of unknown content. */
export type JsonObject = { readonly [key: string]: unknown }

/** True for a plain JSON object (not null, not an array). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parses JSON text; undefined when it is not JSON (JSON itself has no undefined). */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}

/** The text at `key` of an object of unknown shape, or undefined. */
export function textAt(value: unknown, key: string): string | undefined {
  if (!isJsonObject(value)) return undefined
  const found = value[key]
  return typeof found === 'string' ? found : undefined
}

/** The finite number at `key` of an object of unknown shape, or undefined. */
export function numberAt(value: unknown, key: string): number | undefined {
  if (!isJsonObject(value)) return undefined
  const found = value[key]
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}
