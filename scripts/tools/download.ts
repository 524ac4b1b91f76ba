// Downloads a file over HTTP within limits. A host that does not answer fails in seconds, so that the
// next way to get a tool can be tried; a file is kept only if its checksum is the expected one.

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../../base/clock.ts'
import { messageOf, systemCodeOf } from '../../base/errors.ts'

/** How long until the host's first answer; networks that drop packets would take minutes. */
const FIRST_ANSWER_MS = 4000
/** How long a whole download may take. */
const WHOLE_MS = 300_000
const TEXT_MAX_BYTES = 1_000_000
const FILE_MAX_BYTES = 200_000_000

/** The text or file that was asked for, or why there is none, as part of a sentence. */
export type Download<T> = { readonly got: T } | { readonly failed: string }

/** Downloads a small text. Never rejects. */
export async function downloadText(url: string, clock: Clock): Promise<Download<string>> {
  return within(url, clock, async (body) => {
    const parts: Uint8Array[] = []
    await pipeline(body, bounded(TEXT_MAX_BYTES), async (chunks: AsyncIterable<Uint8Array>) => {
      for await (const chunk of chunks) parts.push(chunk)
    })
    return Buffer.concat(parts).toString('utf8')
  })
}

/** Downloads into `file`; gives the SHA-256 of its content in hexadecimal. Never rejects. */
export async function downloadFile(
  url: string,
  file: string,
  clock: Clock,
): Promise<Download<string>> {
  return within(url, clock, async (body) => {
    const hash = createHash('sha256')
    const hashing = new Transform({
      transform(chunk: Uint8Array, _encoding, done) {
        hash.update(chunk)
        done(null, chunk)
      },
    })
    await pipeline(body, bounded(FILE_MAX_BYTES), hashing, createWriteStream(file, { mode: 0o600 }))
    return hash.digest('hex')
  })
}

/** The checksum that a SHA256SUMS text gives for a file name, or undefined. */
export function checksumIn(sums: string, name: string): string | undefined {
  for (const line of sums.split('\n')) {
    const found = /^([0-9a-f]{64}) [ *](\S+)\s*$/i.exec(line)
    if (found?.[2] === name) return found[1]?.toLowerCase()
  }
  return undefined
}

async function within<T>(
  url: string,
  clock: Clock,
  take: (body: Readable) => Promise<T>,
): Promise<Download<T>> {
  const { host } = new URL(url)
  const stop = new AbortController()
  const limit = (ms: number, what: string): (() => void) =>
    clock.after(ms, () => stop.abort(`${host} ${what} within ${ms / 1000} s`))
  const cancelFirst = limit(FIRST_ANSWER_MS, 'did not answer')
  const cancelWhole = limit(WHOLE_MS, 'did not send the whole file')
  try {
    const answer = await fetch(url, { signal: stop.signal })
    cancelFirst()
    if (!answer.ok || answer.body === null) {
      await answer.body?.cancel()
      return { failed: `${host} answered ${answer.status} for ${url}` }
    }
    return { got: await take(Readable.fromWeb(answer.body)) }
  } catch (error) {
    const limitReached: unknown = stop.signal.reason
    return { failed: typeof limitReached === 'string' ? limitReached : networkReason(host, error) }
  } finally {
    cancelFirst()
    cancelWhole()
  }
}

/** fetch says "fetch failed" and keeps the reason as the cause. */
function networkReason(host: string, error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error
  return `${host} could not be reached (${systemCodeOf(cause) ?? messageOf(cause)})`
}

function bounded(maxBytes: number): Transform {
  let bytes = 0
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      bytes += chunk.length
      if (bytes <= maxBytes) done(null, chunk)
      else done(new RangeError(`more than ${maxBytes} bytes`))
    },
  })
}
