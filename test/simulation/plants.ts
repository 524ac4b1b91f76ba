// Faults put into the agent on purpose, as wrappers around its ports: each breaks one promise, and the
// simulation must find each. What finds none of them would find nothing.

import type { Clock } from '../../base/clock.ts'
import type { Publisher } from '../../agent/forwarder/publisher.ts'
import type { Journal } from '../../agent/journal/journal.ts'
import type { OpenWriter } from '../../agent/journal/thread-protocol.ts'
import type { AgentProcess } from './agent.ts'
import { journalPlants } from './plants-journal.ts'
import { sendingPlants } from './plants-sending.ts'
import { writerPlants } from './plants-writer.ts'
import type { Blow, Site } from './site.ts'

/** A promise broken on purpose; all else is as it should be. */
export interface Plant {
  /** The promise that it breaks. */
  readonly promise: string
  openWriter(open: OpenWriter, process: AgentProcess): OpenWriter
  journal(journal: Journal, process: AgentProcess): Journal
  publisher(publisher: Publisher, process: AgentProcess): Publisher
  clock(clock: Clock, process: AgentProcess): Clock
  /** When rows may be sent. */
  gate(decided: Promise<void>): Promise<void>
  /** The agent was killed; its image lies in the site's folder. */
  struck(site: Site, blow: Blow): void
  /** An acknowledgement in any stream's name counts. */
  readonly anyStream: boolean
}

/** What differs from an agent in which nothing is broken. */
export type Planted = Pick<Plant, 'promise'> & Partial<Plant>

/** Nothing is broken. */
export const noPlant: Plant = {
  promise: '',
  openWriter: (open) => open,
  journal: (journal) => journal,
  publisher: (publisher) => publisher,
  clock: (clock) => clock,
  gate: (decided) => decided,
  struck: () => undefined,
  anyStream: false,
}

/** The plants by name. */
export const PLANTS: { readonly [name: string]: Planted } = {
  ...journalPlants,
  ...sendingPlants,
  ...writerPlants,
}

/** The plant of this name; none for an empty name. */
export function plantNamed(name: string): Plant {
  return { ...noPlant, ...PLANTS[name] }
}
