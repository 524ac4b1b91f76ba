// Plants around the journal's file: what is in it, what it says of its size, and what a power cut
// leaves. They sit between the journal and its writer, or on the card.

import { copyFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { HubleafError } from '../../base/errors.ts'
import { randomInt, seededRandom } from '../../base/random.ts'
import { makeEpochId } from '../../wire/ids.ts'
import type { JournalWriter, OpenWriter } from '../../agent/journal/thread-protocol.ts'
import { bytesOf, copyImage, removeImage } from './card.ts'
import { like } from '../fixtures/like.ts'
import type { AgentRole, Planted, SiteRole } from './roles.ts'

const FILES = ['journal.db', 'journal.db-wal']

/** The card as of its last sync, where syncs are rare. */
const synced = new WeakMap<SiteRole, string>()

/** Plants by name. */
export const writerPlants: { readonly [name: string]: Planted } = {
  'commits-not-synced': {
    promise: 'P1',
    openWriter: (open, process) =>
      wrapped(open, (writer) =>
        like(writer, {
          async commit(request) {
            const answer = await writer.commit(request)
            if (randomInt(process.random, 20) === 0) syncNow(process)
            return answer
          },
        }),
      ),
    struck(site, { power }) {
      const before = synced.get(site)
      synced.delete(site)
      if (power === undefined || before === undefined) return
      for (const name of FILES) {
        if (existsSync(join(before, name)))
          copyFileSync(join(before, name), join(site.folder, name))
      }
    },
  },
  'epoch-known-beforehand': {
    promise: 'P2',
    openWriter: (open) => async (request) => {
      const seed = crc32(bytesOf(request.folder, 'epochs'))
      return open({ ...request, epoch: makeEpochId(seededRandom(seed)) })
    },
  },
  'drops-without-a-record': {
    promise: 'P3',
    openWriter: (open) =>
      wrapped(open, (writer) =>
        like(writer, { commit: async (request) => writer.commit({ ...request, removals: [] }) }),
      ),
  },
  'quota-ignored': {
    promise: 'P5',
    openWriter: (open) =>
      wrapped(open, (writer) =>
        like(writer, {
          async commit(request) {
            const answer = await writer.commit(request)
            return { ...answer, usage: { ...answer.usage, bytes: 0, freeInside: 0 } }
          },
        }),
      ),
  },
  'salvage-forgotten': {
    promise: 'P6',
    openWriter: (open) => async (request) => {
      const { writer, opened } = await open(request)
      return { writer, opened: { ...opened, damaged: 0 } }
    },
  },
  'damage-is-the-end': {
    promise: 'P6',
    openWriter: (open) => async (request) => {
      const { writer, opened } = await open(request)
      if (opened.damaged === 0) return { writer, opened }
      await writer.close()
      throw new HubleafError('journal_corrupt', 'planted: somebody must look at this')
    },
  },
}

function wrapped(open: OpenWriter, wrap: (writer: JournalWriter) => JournalWriter): OpenWriter {
  return async (request) => {
    const { writer, opened } = await open(request)
    return { writer: wrap(writer), opened }
  }
}

/** Keeps the card's files as they are: what a power cut would leave. */
function syncNow({ site, folder }: AgentRole): void {
  const before = synced.get(site)
  if (before !== undefined) removeImage(before)
  const kept = site.newFolder()
  synced.set(site, kept)
  copyImage(folder, kept)
}
