// What the parts of a simulation know of each other: the process, the site, and the fault that is
// planted. Shapes only, so that no part needs the whole of another.

import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { HubId } from '../../wire/ids.ts'
import type { Forwarder } from '../../agent/forwarder/forwarder-status.ts'
import type { Outgoing, Publisher } from '../../agent/forwarder/publisher.ts'
import type { Journal } from '../../agent/journal/journal.ts'
import type { JournalOptions } from '../../agent/journal/journal-options.ts'
import type {
  Committed,
  CommitRequest,
  Opened,
  OpenWriter,
  Salvaged,
} from '../../agent/journal/thread-protocol.ts'
import type { SimDisk } from './card.ts'
import type { Link } from './link.ts'
import type { BootClock, Machine } from './machine.ts'
import type { World } from './world.ts'
import type { KillPoint } from './writer.ts'

/** What an agent can be seen to be doing; several at once. */
export const STATES = [
  'starting',
  'idle',
  'appending',
  'committing',
  'probing',
  'flowing',
  'waiting',
  'full',
  'salvaging',
  'stopping',
] as const

/** One of them. */
export type StateName = (typeof STATES)[number]

/** The journal's options that a scenario chooses. */
export type Settings = Pick<
  JournalOptions,
  | 'flushIntervalMs'
  | 'minSyncGapMs'
  | 'keepSettledMs'
  | 'quotaBytes'
  | 'keepFreeBytes'
  | 'ballastBytes'
  | 'whenFull'
> & { readonly cloudTellsTime: boolean }

/** What a kill does besides killing. */
export interface Blow {
  /** The machine loses power: a new boot, with this clock. */
  readonly power?: BootClock
  /** Of the writes since the last sync only some sectors are there, in this file. */
  readonly tear?: 'journal.db' | 'journal.db-wal'
  /** What else happens to the image before it is used again; gives the folder to use. */
  readonly then?: (folder: string) => string
}

/** A promise broken on purpose; all else is as it should be. */
export interface Plant {
  /** The promise that it breaks. */
  readonly promise: string
  openWriter(open: OpenWriter, process: AgentRole): OpenWriter
  journal(journal: Journal, process: AgentRole): Journal
  publisher(publisher: Publisher, process: AgentRole): Publisher
  clock(clock: Clock, process: AgentRole): Clock
  /** When rows may be sent. */
  gate(decided: Promise<void>): Promise<void>
  /** The agent was killed; its image lies in the site's folder. */
  struck(site: SiteRole, blow: Blow): void
  /** An acknowledgement in any stream's name counts. */
  readonly anyStream: boolean
}

/** What differs from an agent in which nothing is broken. */
export type Planted = Pick<Plant, 'promise'> & Partial<Plant>

/** A process of the agent, as others see it. */
export interface AgentRole {
  readonly site: SiteRole
  readonly clock: Clock
  readonly random: Random
  readonly folder: string
  readonly alive: boolean
  readonly accepting: boolean
  readonly journal: Journal | undefined
  readonly forwarder: Forwarder | undefined
  epoch: string
  states(): readonly StateName[]
  inFlight(): ReadonlySet<string>
  isSending(pack: Outgoing): boolean
}

/** A site, as others see it. */
export interface SiteRole {
  readonly name: string
  readonly hub: HubId
  readonly world: World
  readonly random: Random
  readonly machine: Machine
  readonly disk: SimDisk
  readonly link: Link
  readonly settings: Settings
  readonly plant: Plant
  readonly folder: string
  readonly process: AgentRole | undefined
  readonly disturbedAt: number
  readonly diskTrouble: boolean
  /** Bytes of the card when others filled the disk. */
  readonly usedWhenFilled: number
  /** Epochs that were opened from this site's cards. */
  readonly epochs: ReadonlySet<string>
  note(text: string): void
  newFolder(): string
  diskLatency(): number
  reached(process: AgentRole, point: KillPoint): boolean
  publisherOf(process: AgentRole): Publisher
  openFailed(error: unknown): void
  ended(process: AgentRole): void
  opening(process: AgentRole): void
  opened(process: AgentRole, opened: Opened): void
  cutting(process: AgentRole): void
  committing(process: AgentRole, request: CommitRequest): void
  committed(process: AgentRole, request: CommitRequest, answer: Committed): void
  salvaged(process: AgentRole, answer: Salvaged): void
}
