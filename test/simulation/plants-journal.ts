// Plants around the journal: what it answers, what it remembers, what it gives to read. Each lies
// about one thing only.

import { HubleafError } from '../../base/errors.ts'
import type { Journal, JournalRow } from '../../agent/journal/journal.ts'
import { isReservedType } from '../../wire/ids.ts'
import { like } from '../fixtures/like.ts'
import type { Planted } from './roles.ts'

/** Plants by name. */
export const journalPlants: { readonly [name: string]: Planted } = {
  'answer-before-commit': {
    promise: 'P1',
    journal: (journal, { site }) =>
      like(journal, {
        async append(readings) {
          const kept = journal.append(readings, 'polled')
          kept.catch((error: unknown) => site.note(`planted: ${String(error)}`))
          return readings.map(({ type }) => ({ kind: 'stored', type, seq: nextSeq(journal, type) }))
        },
      }),
  },
  'repeats-forgotten-at-restart': {
    promise: 'P2',
    journal: (journal) =>
      like(journal, {
        append: async (readings, urgency) =>
          journal.append(
            readings.map((reading) => {
              const { eventId } = reading
              if (eventId === undefined) return reading
              return { ...reading, eventId: `${eventId}-${journal.epoch}` }
            }),
            urgency,
          ),
      }),
  },
  'marks-run-ahead': {
    promise: 'P3',
    journal: (journal) =>
      like(journal, { durableSeq: (epoch, type) => journal.durableSeq(epoch, type) + 3 }),
  },
  'sheds-what-is-under-way': {
    promise: 'P5',
    journal: (journal) => like(journal, { shedFrom: () => journal.shedFrom(undefined) }),
  },
  'stamps-again-after-the-mark': {
    promise: 'P7',
    journal: (journal, { site }) =>
      like(journal, {
        read: (range, limit) =>
          journal.read(range, limit).map((row) => {
            if ('corrupt' in row || !site.machine.synced) return row
            return row.reading.timeQuality === 'unsynced' ? stampedAgain(row, site.world.now) : row
          }),
      }),
  },
  'clock-records-forgotten': {
    promise: 'P7',
    journal: (journal) =>
      like(journal, {
        async append(readings, urgency) {
          const kept = readings.filter(({ type }) => type !== '_clock')
          return kept.length === 0 ? [] : journal.append(kept, urgency)
        },
      }),
  },
  'refuses-while-offline': {
    promise: 'P8',
    journal: (journal, process) =>
      like(journal, {
        append: async (readings, urgency) => {
          const isOffline = process.forwarder?.status().state === 'waiting'
          if (isOffline && readings.some(({ type }) => !isReservedType(type))) {
            throw new HubleafError('journal_busy', 'planted: nobody would take it now')
          }
          return journal.append(readings, urgency)
        },
      }),
  },
}

function nextSeq(journal: Journal, type: Parameters<Journal['durableSeq']>[1]): number {
  return journal.durableSeq(journal.epoch, type) + 1
}

function stampedAgain(row: JournalRow, off: number): JournalRow {
  const receivedAt = row.reading.receivedAt + Math.floor(off)
  return { ...row, reading: { ...row.reading, receivedAt, timeQuality: 'corrected' } }
}
