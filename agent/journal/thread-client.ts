// The other end of the journal's thread: requests go out one by one, answers come back in order.
// A thread that has died rejects what waits and whatever comes after.

import type { Worker } from 'node:worker_threads'
import { ERROR_CODES, HubleafError } from '../../base/errors.ts'
import type { ErrorCode } from '../../base/errors.ts'
import { startThread } from '../../base/thread.ts'
import { pack } from './thread-pack.ts'
import type {
  CommitRequest,
  Committed,
  Failed,
  JournalWriter,
  OpenRequest,
  Opened,
  SalvageRequest,
  Salvaged,
  ThreadAnswer,
  ThreadRequest,
} from './thread-protocol.ts'

/** Opens the journal's file in a thread of its own. Throws what the opening said. */
export async function openInThread(
  request: OpenRequest,
): Promise<{ readonly writer: JournalWriter; readonly opened: Opened }> {
  return ThreadClient.open(request)
}

/** The journal's thread. One request at a time. */
class ThreadClient implements JournalWriter {
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

  static async open(request: OpenRequest): Promise<{ writer: JournalWriter; opened: Opened }> {
    const client = new ThreadClient(startThread(import.meta.url, './journal-thread'))
    const answer = await client.#ask(request)
    if (answer.kind === 'opened') return { writer: client, opened: answer }
    await client.#thread.terminate()
    throw toError(answer)
  }

  get ended(): AbortSignal {
    return this.#ended.signal
  }

  async commit(request: CommitRequest): Promise<Committed> {
    const said = await this.#ask(request)
    if (said.kind === 'committed') return said
    throw toError(said)
  }

  async salvage(request: SalvageRequest): Promise<Salvaged> {
    const said = await this.#ask(request)
    if (said.kind === 'salvaged') return said
    throw toError(said)
  }

  async check(): Promise<string | undefined> {
    const said = await this.#ask({ kind: 'check' })
    if (said.kind === 'checked') return said.problem
    throw toError(said)
  }

  async close(): Promise<void> {
    if (this.#broken !== undefined) return
    await this.#ask({ kind: 'close' })
    await this.#thread.terminate()
  }

  async #ask(request: ThreadRequest): Promise<ThreadAnswer> {
    if (this.#broken !== undefined) throw this.#broken
    const waiting = Promise.withResolvers<ThreadAnswer>()
    this.#waiting = waiting
    this.#thread.postMessage(request.kind === 'commit' ? pack(request) : request)
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
