// The other end of the journal's thread: requests go out one by one, answers come back in order.
// A thread that has died rejects what waits and whatever comes after.

import type { Worker } from 'node:worker_threads'
import { ERROR_CODES, HubleafError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { startThread } from '../../base/thread.ts'
import type {
  CommitRequest,
  Committed,
  Failed,
  OpenRequest,
  Opened,
  ThreadAnswer,
} from './thread-protocol.ts'

/** The journal's thread. One request at a time. */
export class ThreadClient {
  readonly #thread: Worker
  #waiting: PromiseWithResolvers<ThreadAnswer> | undefined
  readonly #ended = new AbortController()
  #broken: HubleafError | undefined

  private constructor(thread: Worker) {
    this.#thread = thread
    thread.on('message', (answer: ThreadAnswer) => this.#waiting?.resolve(answer))
    thread.on('error', (cause) => this.#break(cause))
    thread.on('exit', () => this.#break(undefined))
  }

  /** Starts the thread and opens the file. Throws what the opening said. */
  static async open(request: OpenRequest): Promise<{ client: ThreadClient; opened: Opened }> {
    const client = new ThreadClient(startThread(import.meta.url, './journal-thread'))
    const waiting = client.#answer()
    client.#thread.postMessage(request)
    const answer = await waiting
    if (answer.kind === 'opened') return { client, opened: answer }
    await client.#thread.terminate()
    throw toError(answer)
  }

  /** Aborts with `journal_closed` when the thread has ended, asked to or not. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** One transaction. Throws `journal_write_failed`; nothing of it is then in the file. */
  async commit(request: CommitRequest): Promise<Committed> {
    const answer = this.#answer()
    this.#thread.postMessage(request)
    const said = await answer
    if (said.kind === 'committed') return said
    throw toError(said)
  }

  /** Closes the file and ends the thread. */
  async close(): Promise<void> {
    if (this.#broken !== undefined) return
    const answer = this.#answer()
    this.#thread.postMessage({ kind: 'close' })
    await answer
    await this.#thread.terminate()
  }

  async #answer(): Promise<ThreadAnswer> {
    if (this.#broken !== undefined) throw this.#broken
    const waiting = Promise.withResolvers<ThreadAnswer>()
    this.#waiting = waiting
    try {
      return await waiting.promise
    } finally {
      this.#waiting = undefined
    }
  }

  #break(cause: unknown): void {
    const message = 'the journal’s thread has ended'
    this.#broken ??= new HubleafError('journal_closed', message, { cause })
    this.#waiting?.reject(this.#broken)
    this.#ended.abort(this.#broken)
  }
}

function toError(answer: ThreadAnswer): HubleafError {
  if (answer.kind !== 'failed') return new HubleafError('internal', `unexpected ${answer.kind}`)
  return new HubleafError(codeOf(answer), answer.message, {
    ...(answer.hint === undefined ? {} : { hint: answer.hint }),
  })
}

function codeOf(answer: Failed): ErrorCode {
  const isCode = (text: string): text is ErrorCode => Object.hasOwn(ERROR_CODES, text)
  return isCode(answer.code) ? answer.code : 'journal_write_failed'
}
