// Secrets that somebody else must prove to know: each in a file of its own, never in a configuration,
// and compared in a time that tells nothing about how much of a guess was right.

import { createHash, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { HubleafError, messageOf } from './errors.ts'

/** What a secret must be. */
export interface SecretRule {
  /** What it is called, such as `token`. */
  readonly name: string
  /** The key of the configuration that names its file. */
  readonly key: string
  readonly minChars: number
  /** What everybody knows, such as a published default. */
  readonly known: readonly string[]
}

/** A secret that can be asked and not read. */
export interface Secret {
  matches(guess: string): boolean
}

/** The secret in a file, without the white space around it. Throws `secret_unusable`. */
export function readSecret(file: string, rule: SecretRule): string {
  const { name, key, minChars, known } = rule
  let secret: string
  try {
    secret = readFileSync(file, 'utf8').trim()
  } catch (cause) {
    const message = `cannot read the ${name} in ${file}: ${messageOf(cause)}`
    const hint = `${key} names a file that holds the ${name} and nothing else`
    throw new HubleafError('secret_unusable', message, { cause, hint })
  }
  const hint = `put another one into the file, such as the output of: openssl rand -hex 16`
  if (known.includes(secret)) {
    const message = `the ${name} in ${file} is a published default`
    throw new HubleafError('secret_unusable', message, { hint })
  }
  // A header or a JSON text carries these as they are, whoever writes it.
  if (secret.length >= minChars && /^[\x21-\x7e]+$/.test(secret)) return secret
  const message = `the ${name} in ${file} must be ${minChars} or more characters of ASCII, without spaces`
  throw new HubleafError('secret_unusable', message, { hint })
}

/** A secret to compare guesses with. */
export function secretOf(text: string): Secret {
  const wanted = digest(text)
  return { matches: (guess) => timingSafeEqual(digest(guess), wanted) }
}

/** Digests are equally long, whatever the guess was. */
function digest(text: string): Uint8Array {
  return createHash('sha256').update(text).digest()
}
