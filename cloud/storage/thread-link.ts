// The main thread's end of a storage thread: questions go in order, answers come in order. A thread
// that dies fails what was asked of it and all that is asked later; it is never silent.

import { Worker } from 'node:worker_threads'
import { HubleafError, messageOf } from '../../base/errors.ts'
import type { ThreadAnswer, ThreadFailure, ThreadQuestion, ThreadStart } from './thread-protocol.ts'

type Answer = Exclude<ThreadAnswer, ThreadFailure>

interface Waiting {
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: HubleafError) => void
}

/** A running thread. */
export interface ThreadLink extends AsyncDisposable {
  /** Throws what the thread says, or `storage_unavailable` once it has ended. */
  ask(question: ThreadQuestion): Promise<Answer>
  /** Questions without an answer. */
  waiting(): number
}

/** Starts a thread; resolves when its connection is open. `onDeath` is told of an unasked end. */
export async function startThread(
  start: ThreadStart,
  onDeath: (error: HubleafError) => void,
): Promise<ThreadLink> {
  const link = new Link(start, onDeath)
  await link.ready
  return link
}

class Link implements ThreadLink {
  readonly ready: Promise<Answer>
  readonly #worker: Worker
  readonly #waiting: Waiting[] = []
  #dead: HubleafError | undefined
  #ended: Promise<void> | undefined

  constructor(start: ThreadStart, onDeath: (error: HubleafError) => void) {
    this.#worker = threadFor(start)
    this.ready = this.#expect()
    this.#worker.on('message', (answer: ThreadAnswer) => {
      const waiting = this.#waiting.shift()
      if (answer.kind !== 'failed') waiting?.resolve(answer)
      else waiting?.reject(new HubleafError(answer.code, answer.message, hintOf(answer)))
    })
    this.#worker.on('error', (cause) => {
      const message = `the ${start.role} thread of storage died: ${messageOf(cause)}`
      this.#die(new HubleafError('storage_unavailable', message, { cause }))
    })
    this.#worker.on('exit', () => {
      const asked = this.#ended !== undefined
      const message = `the ${start.role} thread of storage has ended`
      this.#die(new HubleafError('storage_unavailable', message))
      if (!asked && this.#dead !== undefined) onDeath(this.#dead)
    })
  }

  async ask(question: ThreadQuestion): Promise<Answer> {
    if (this.#dead !== undefined) throw this.#dead
    this.#worker.postMessage(question)
    return this.#expect()
  }

  waiting(): number {
    return this.#waiting.length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended ??= this.#end()
    await this.#ended
  }

  async #end(): Promise<void> {
    if (this.#dead !== undefined) return
    const exited = new Promise<void>((resolve) => this.#worker.once('exit', () => resolve()))
    this.#worker.postMessage({ kind: 'close' } satisfies ThreadQuestion)
    await exited
  }

  async #expect(): Promise<Answer> {
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  #die(error: HubleafError): void {
    this.#dead ??= error
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#dead)
  }
}

function threadFor(workerData: ThreadStart): Worker {
  // From the sources Node runs the .ts file; the compiled package has .js beside this one.
  const url = import.meta.url.endsWith('.ts')
    ? new URL('./sqlite-thread.ts', import.meta.url)
    : new URL('./sqlite-thread.js', import.meta.url)
  // Loaders that this process was started with are not for the thread.
  return new Worker(url, { workerData, execArgv: [] })
}

function hintOf({ hint }: ThreadFailure) {
  return hint === undefined ? {} : { hint }
}
