// GET from the vendor, and from nobody else: the host is one of two constants, the connection is TLS to
// that name, redirects are not followed, and the answer is bounded in time and size. What comes in from
// outside is at most a path.

import { request } from 'node:https'
import type { RequestOptions } from 'node:https'
import type { Clock } from '../../../../base/clock.ts'
import { HubleafError } from '../../../../base/errors.ts'
import { VENDOR_ANSWER_MAX_BYTES, VENDOR_GET_MS } from './limits.ts'

/** Where signing certificates are, and where apps are confirmed. */
export type VendorHost = 'key.smartthings.com' | 'api.smartthings.com'

/** The vendor's answer; a redirect is an answer like any other. */
export interface VendorAnswer {
  readonly status: number
  /** UTF-8, or what comes closest. */
  readonly body: string
}

/** Asks the vendor. Throws `vendor_unreachable`. */
export type VendorGet = (host: VendorHost, path: string) => Promise<VendorAnswer>

/** How the connection is made; tests put a server of their own in the vendor's place. */
export type Connection = Pick<RequestOptions, 'port' | 'lookup' | 'ca'>

/** Visible ASCII from a slash on: it can end neither the request line nor the path. */
const PATH = /^\/[\x21-\x7e]*$/

/** A door to the vendor. */
export function createVendorGet(clock: Clock, connection: Connection = {}): VendorGet {
  return async (host, path) => {
    if (!PATH.test(path)) throw unreachable(host, 'the path is none')
    const deadline = new AbortController()
    const cancel = clock.after(VENDOR_GET_MS, () => deadline.abort())
    try {
      return await get({ ...connection, host, path, signal: deadline.signal })
    } catch (cause) {
      const why = deadline.signal.aborted ? `no answer in ${VENDOR_GET_MS} ms` : 'the fetch failed'
      throw unreachable(host, why, cause)
    } finally {
      cancel()
    }
  }
}

async function get(options: RequestOptions): Promise<VendorAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<VendorAnswer>()
  const headers = { accept: '*/*', 'user-agent': 'hubleaf' }
  // No agent: no connection stays open between two fetches that are a day apart.
  const asked = request({ ...options, agent: false, headers }, (answer) => {
    const chunks: Buffer[] = []
    let size = 0
    answer.on('data', (chunk: Buffer) => {
      size += chunk.length
      chunks.push(chunk)
      if (size > VENDOR_ANSWER_MAX_BYTES) {
        answer.destroy(new RangeError(`an answer of over ${VENDOR_ANSWER_MAX_BYTES} bytes`))
      }
    })
    answer.on('error', reject)
    answer.on('end', () => {
      resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') })
    })
  })
  asked.on('error', reject)
  asked.end()
  return promise
}

function unreachable(host: string, why: string, cause?: unknown): HubleafError {
  const message = `${host} did not answer: ${why}`
  return new HubleafError('vendor_unreachable', message, { cause })
}
