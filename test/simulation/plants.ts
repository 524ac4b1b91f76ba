// Faults put into the agent on purpose, as wrappers around its ports: each breaks one promise, and the
// simulation must find each. What finds none of them would find nothing.

import { journalPlants } from './plants-journal.ts'
import { sendingPlants } from './plants-sending.ts'
import { writerPlants } from './plants-writer.ts'
import type { Plant, Planted } from './roles.ts'

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
