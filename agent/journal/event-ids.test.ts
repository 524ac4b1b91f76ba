import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { EVENT_KEEP_COUNT, EVENT_KEEP_MS, EventIds } from './event-ids.ts'

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec('CREATE TABLE event (number INTEGER PRIMARY KEY, at INTEGER, hash TEXT)')
  return database
}

t.test('P2.9 an id is remembered for 24 hours, also by the next start', async (t) => {
  const database = openDatabase()
  const ids = new EventIds(database, 0)
  t.equal(ids.admit('a', 1000), true)
  t.equal(ids.admit('a', 2000), false)
  ids.committed()
  const later = new EventIds(database, 1000 + EVENT_KEEP_MS - 1)
  t.equal(later.admit('a', 1000 + EVENT_KEEP_MS - 1), false)
  later.forgetOld(1000 + EVENT_KEEP_MS)
  t.equal(later.admit('a', 1000 + EVENT_KEEP_MS), true)
  t.equal(new EventIds(database, 2 * EVENT_KEEP_MS + 1001).admit('a', 0), true)
})

t.test('P2.9 a million ids are remembered, the oldest is forgotten first', async (t) => {
  const ids = new EventIds(openDatabase(), 0)
  for (let number = 0; number <= EVENT_KEEP_COUNT; number += 1) ids.admit(String(number), 0)
  ids.committed()
  ids.forgetOld(0)
  t.equal(ids.admit('1', 0), false)
  t.equal(ids.admit('0', 0), true)
})

t.test('what was rolled back is unknown', async (t) => {
  const database = openDatabase()
  const ids = new EventIds(database, 0)
  database.exec('BEGIN')
  t.equal(ids.admit('a', 0), true)
  database.exec('ROLLBACK')
  ids.rolledBack()
  t.equal(ids.admit('a', 0), true)
})
