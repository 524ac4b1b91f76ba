// Watches while the simulation runs: writes into the oracle's record what transactions held, and
// judges at once what must hold at every moment: marks, sequences, quota, order, live readings.

import { isHubleafError, messageOf } from '../../base/errors.ts'
import type { Mark } from '../../wire/reading.ts'
import { damagedFiles } from '../../agent/journal/damage.ts'
import { sizeOf } from '../../agent/journal/doors.ts'
import type { Committed, CommitRequest, Salvaged } from '../../agent/journal/thread-protocol.ts'
import { join } from 'node:path'
import { SimDatabase } from './database.ts'
import type { StoredRow } from './database.ts'
import { IntervalSet } from '../../base/interval-set.ts'
import { packIn } from './packs.ts'
import type { Message } from './packs.ts'
import type { AgentRole, SiteRole } from './roles.ts'
import { numberOf } from './truth.ts'
import type { Truth } from './truth.ts'
import type { World } from './world.ts'

/** A promise that was broken. */
export interface Violation {
  readonly promise: string
  readonly text: string
}

/**
 * With a working link a live reading arrives within this, ms, and the time that what is ahead of it
 * takes: a window of backlog and one pack beyond it, and as much again while live packs wait for acks.
 */
const LIVE_MAX_MS = 3000
const WINDOW_BYTES = 90_000

/** The quota here is an eighth of the least that is allowed: what one commit takes may be ahead of it. */
const QUOTA_SLACK_SHARE = 1 / 64

/**
 * What the journal may take of the reserve besides its ballast and its log, bytes: it looks at the disk
 * once a second, and the record of what it gives up needs room before there is room.
 */
const RESERVE_SLACK_BYTES = 64_000

/** The log may grow to twice this part of the quota before it begins anew. */
const LOG_QUOTA_SHARE = 1 / 32

/** The number in a row's body. */
const NUMBER = /"main","?(\d+)[ ,"]/

/** The eyes of one simulation. */
export class Watch {
  readonly world: World
  readonly truth: Truth
  readonly database: SimDatabase
  readonly violations: Violation[] = []
  /** Claims of "the cloud has all below" that were ahead of the stream, by sequence. */
  readonly early = new Map<string, IntervalSet>()
  /** True when an image was used twice: cloned, or restored. */
  hasTwins = false
  /** The sources of a site repeat nothing of before any more. */
  forget: (site: SiteRole) => void = () => undefined
  /** A site's file is opened or copied. */
  opening: (site: SiteRole, folder: string) => void = () => undefined
  /** Readings that were given up, each with the site whose journal did. */
  readonly givenUp = new Map<number, SiteRole>()
  /** Backlog must arrive in order while nothing disturbs. */
  readonly #newest = new Map<string, number>()
  readonly #sites: readonly SiteRole[]
  constructor(world: World, truth: Truth, sites: readonly SiteRole[]) {
    this.world = world
    this.truth = truth
    this.#sites = sites
    this.database = new SimDatabase({
      conflict: ({ epoch, type, reading }, values) => {
        const text = `two contents under ${epoch} ${type} ${reading.seq}`
        // Two agents on one image may each learn another time of its last boot; the first one stands.
        if (values || !this.hasTwins) this.broken(values ? 'P2' : 'P7', text)
      },
      mark: (epoch, type, mark) => this.#mark(epoch, type, mark),
      stored: (row) => this.#stored(row),
    })
  }

  broken(promise: string, text: string): void {
    this.world.note(`BROKEN ${promise} ${text}`)
    this.violations.push({ promise, text })
  }

  opened(site: SiteRole, epoch: string, damaged: number): void {
    this.truth.committed({ epoch, type: '_epoch', seq: 1 }, undefined)
    if (site.process !== undefined) site.process.epoch = epoch
    // Between a damage and its discovery event ids may have been written to pages that are lost.
    if (damaged > 0) this.forget(site)
  }

  openFailed(site: SiteRole, error: unknown): void {
    const passing = site.diskTrouble || isHubleafError(error, 'journal_closed')
    if (!passing) this.broken('P6', `the agent cannot start: ${messageOf(error)}`)
  }

  committing(site: SiteRole, process: AgentRole, request: CommitRequest): void {
    if (request.removals.length === 0) return
    const flying = process.inFlight()
    for (const { ranges, reason } of request.removals) {
      for (const range of ranges) {
        for (const row of process.journal?.read(range, 100_000) ?? []) {
          if ('corrupt' in row) continue
          const n = numberOf(row.reading.value)
          if (n !== undefined && !row.type.startsWith('_')) this.givenUp.set(n, site)
          if (reason === 'buffer_full' && flying.has(`${row.epoch} ${row.type} ${row.reading.seq}`))
            this.broken('P5', `${row.type} ${row.reading.seq} is shed while it is under way`)
        }
      }
    }
  }

  committed(site: SiteRole, process: AgentRole, request: CommitRequest, answer: Committed): void {
    const { epoch } = process
    for (const [index, type] of request.types.entries()) {
      const seq = answer.seqs[index] ?? 0
      const n = NUMBER.exec(request.bodies[index] ?? '')?.[1]
      if (seq > 0) this.#placed(epoch, type, seq, n === undefined ? undefined : Number(n))
    }
    for (const [type, seq] of answer.records) this.#placed(epoch, type, seq, undefined)
    this.#checkQuota(site, process)
  }

  salvaged(site: SiteRole, process: AgentRole, answer: Salvaged): void {
    for (const [type, seq] of answer.records) this.#placed(process.epoch, type, seq, undefined)
    this.#checkQuota(site, process)
  }

  /** A message has come to the cloud. */
  heard(message: Message): void {
    const pack = packIn(message)
    if (typeof pack !== 'string') this.database.store(message.subject, pack, this.world.now)
    else this.broken('P1', `nobody can read a message on ${message.subject}: ${pack}`)
  }

  #placed(epoch: string, type: string, seq: number, n: number | undefined): void {
    const before = this.truth.durable(epoch, type)
    if (seq !== before + 1) this.broken('P2', `${type} ${seq} follows ${before} in ${epoch}`)
    this.truth.committed({ epoch, type, seq }, n)
  }

  #checkQuota(site: SiteRole, process: AgentRole): void {
    const file = join(process.folder, 'journal.db')
    const bytes = sizeOf(file) + sizeOf(`${file}-wal`) + sizeOf(join(process.folder, 'ballast'))
    const { quotaBytes, keepFreeBytes } = site.settings
    if (bytes > quotaBytes * (1 + QUOTA_SLACK_SHARE))
      this.broken('P5', `${bytes} bytes, the quota is ${quotaBytes}`)
    if (site.disk.roomBytes === Infinity) return
    // What others took of the reserve is theirs; the journal may write what gives rows up.
    const free = site.disk.diskFree(process.folder)
    const grown = site.disk.roomBytes - free - site.usedWhenFilled
    // A damaged log is kept until there is room for what is in it: readings that were accepted.
    const log = 2 * quotaBytes * LOG_QUOTA_SHARE + keptLogs(process.folder)
    if (free < keepFreeBytes && grown > RESERVE_SLACK_BYTES + log + site.settings.ballastBytes) {
      this.broken(
        'P5',
        `the reserve of ${keepFreeBytes} bytes has ${free}, ${grown} for the journal`,
      )
    }
  }

  #mark(epoch: string, type: string, [durable, oldest]: Mark): void {
    if (type === '_heartbeat') return
    const known = this.truth.durable(epoch, type)
    if (durable > known) {
      this.broken('P3', `claims ${type} ${durable} of ${epoch}, there are ${known}`)
    }
    const { stored } = this.database.of(epoch, type)
    const lowest = stored.lowest
    if (oldest <= 1 || (lowest?.first === 1 && lowest.last >= oldest - 1)) return
    const missing = new IntervalSet([{ first: 1, last: oldest - 1 }])
    for (const range of stored.ranges) missing.remove(range)
    const key = `${epoch} ${type}`
    const early = this.early.get(key) ?? new IntervalSet()
    for (const range of missing.ranges) early.add(range)
    this.early.set(key, early)
  }

  #stored(row: StoredRow): void {
    const { reading, type } = row
    if (type.startsWith('_')) return
    const n = numberOf(reading.value)
    const offered = n === undefined ? undefined : this.truth.offered.get(n)
    if (offered === undefined) {
      this.broken('P2', `nobody has offered ${JSON.stringify(reading.value)}`)
      return
    }
    const site = this.#sites.find(({ name }) => name === offered.site)
    if (site === undefined) return
    const { acceptedAt } = offered
    if (acceptedAt !== undefined && offered.calm && site.disturbedAt <= acceptedAt) {
      const most = LIVE_MAX_MS + (WINDOW_BYTES * 1000) / site.link.bytesPerSecond
      const took = row.at - acceptedAt
      if (took > most) this.broken('P4', `reading ${offered.n} took ${Math.round(took)} ms`)
    }
    if (row.lane === 'back') this.#checkOrder(row)
  }

  /** Backlog arrives in order of its sequence once nothing disturbs; see `expectOrder`. */
  #checkOrder(row: StoredRow): void {
    const key = `${row.epoch} ${row.type}`
    const newest = this.#newest.get(key) ?? 0
    const { seq } = row.reading
    if (seq < newest && this.orderMatters) {
      this.broken('P8', `${row.type} ${seq} of the backlog arrives after ${newest}`)
    }
    this.#newest.set(key, Math.max(newest, seq))
  }

  /** True while the backlog of a long outage drains undisturbed. */
  orderMatters = false

  /** A long outage ends now: from here on the backlog must come in order. */
  expectOrder(): void {
    this.#newest.clear()
    this.orderMatters = true
  }
}

/** Bytes of the copies of damaged logs. */
function keptLogs(folder: string): number {
  const copies = damagedFiles(folder).filter((copy) => sizeOf(copy) === 0)
  return copies.reduce((sum, copy) => sum + sizeOf(`${copy}-wal`), 0)
}
