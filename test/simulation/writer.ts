// The journal's writer in simulation: the real file of the real journal, in this process, with the
// latency of a slow card, and with the places where a kill or a power cut may fall. What a dead
// writer is asked fails, so that the abandoned journal lets go of its files.

import { HubleafError } from '../../base/errors.ts'
import type { Clock } from '../../base/clock.ts'
import { JournalFile } from '../../agent/journal/journal-file.ts'
import type {
  CommitRequest,
  Committed,
  JournalWriter,
  OpenRequest,
  Opened,
  OpenWriter,
  SalvageRequest,
  Salvaged,
} from '../../agent/journal/thread-protocol.ts'
import type { SimDisk } from './card.ts'

/** A place where a kill may fall. */
export type KillPoint =
  'append' | 'begin' | 'commit' | 'committed' | 'settle' | 'settled' | 'send' | 'stored' | 'cut'

/** What the writer needs of its process. */
export interface WriterHost {
  readonly clock: Clock
  readonly disk: SimDisk
  /** Aborts when the process is dead. */
  readonly died: AbortSignal
  /** How long the card takes for what comes next, ms. */
  latency(): number
  /** True when the process was killed here; nothing after it counts. */
  reached(point: KillPoint): boolean
  /** Something is asked of the file, or nothing more. */
  busy(what: 'opening' | 'commit' | 'salvage' | undefined): void
  opened(opened: Opened): void
  /** The file is about to be opened. */
  opening(): void
  /** Something is about to be written: a power cut may leave a part of it. */
  cutting(): void
  /** A transaction is about to run. */
  committing(request: CommitRequest): void
  /** Told in the transaction's last moment, also of one whose process dies with it. */
  committed(request: CommitRequest, answer: Committed): void
  salvaged(answer: Salvaged): void
}

/** A writer whose process is `host`. */
export function openSimWriter(host: WriterHost): OpenWriter {
  return async (request) => {
    host.busy('opening')
    try {
      await host.clock.sleep(host.latency(), host.died)
      assertAlive(host)
      if (host.reached('begin')) throw dead()
      const file = openFile(host, request)
      await host.clock.sleep(host.latency(), host.died)
      if (host.died.aborted || host.reached('committed')) {
        file.close()
        throw dead()
      }
      return { writer: new SimWriter(host, file), opened: file.opened }
    } finally {
      host.busy(undefined)
    }
  }
}

function openFile(host: WriterHost, request: OpenRequest): JournalFile {
  host.disk.onCommit = (point) => {
    if (point === 'before' && host.reached('commit')) throw dead()
  }
  host.cutting()
  host.opening()
  const file = new JournalFile(request, host.disk)
  host.opened(file.opened)
  if (!host.reached('cut')) return file
  file.close()
  throw dead()
}

class SimWriter implements JournalWriter {
  readonly #host: WriterHost
  readonly #file: JournalFile
  readonly #ended = new AbortController()
  #closed = false

  constructor(host: WriterHost, file: JournalFile) {
    this.#host = host
    this.#file = file
  }

  get ended(): AbortSignal {
    return this.#ended.signal
  }

  async commit(request: CommitRequest): Promise<Committed> {
    const host = this.#host
    return this.#run('commit', () => {
      const settles = request.settled !== null
      host.cutting()
      host.committing(request)
      host.disk.onCommit = (point) => {
        if (point !== 'before') return
        if (host.reached('commit') || (settles && host.reached('settle'))) throw dead()
      }
      const answer = this.#file.commit(request)
      host.committed(request, answer)
      if (host.reached('cut') || host.reached('committed')) throw dead()
      if (settles && host.reached('settled')) throw dead()
      return answer
    })
  }

  async salvage(request: SalvageRequest): Promise<Salvaged> {
    const host = this.#host
    return this.#run('salvage', () => {
      host.disk.onCommit = (point) => {
        if (point === 'before' && host.reached('commit')) throw dead()
      }
      const answer = this.#file.salvage(request)
      host.salvaged(answer)
      if (host.reached('committed')) throw dead()
      return answer
    })
  }

  async check(): Promise<string | undefined> {
    return this.#run('salvage', () => this.#file.check())
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#file.close()
    this.#ended.abort(dead())
  }

  /** One request: it reaches the card, is done in one go, and its answer takes its time. */
  async #run<T>(what: 'commit' | 'salvage', work: () => T): Promise<T> {
    const host = this.#host
    assertAlive(host)
    host.busy(what)
    try {
      await host.clock.sleep(host.latency(), host.died)
      assertAlive(host)
      if (host.reached('begin')) throw dead()
      const answer = work()
      await host.clock.sleep(host.latency(), host.died)
      assertAlive(host)
      return answer
    } finally {
      host.busy(undefined)
    }
  }
}

function assertAlive(host: WriterHost): void {
  if (host.died.aborted) throw dead()
}

function dead(): HubleafError {
  return new HubleafError('journal_closed', 'the process is dead')
}
