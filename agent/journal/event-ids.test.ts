import { createHash } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import t from 'tap'
import { EVENT_KEEP_MS, EventIds } from './event-ids.ts'
import { EventTable } from './event-table.ts'

function openDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  database.exec(
    'CREATE TABLE event (number INTEGER PRIMARY KEY, at INTEGER, hash TEXT, reading INTEGER)',
  )
  return database
}

const hashOf = (id: string): string =>
  createHash('sha256').update(id).digest('base64url').slice(0, 16)

t.test('P2.9 an id is remembered for 24 hours of running, also by the next start', async (t) => {
  const database = openDatabase()
  const ids = new EventIds(database)
  t.equal(ids.admit(hashOf('a'), 1000, null), true)
  t.equal(ids.admit(hashOf('a'), 2000, null), false)
  ids.committed()
  const later = new EventIds(database)
  later.forgetOld(EVENT_KEEP_MS - 1)
  t.equal(later.admit(hashOf('a'), EVENT_KEEP_MS - 1, null), false)
  later.forgetOld(EVENT_KEEP_MS)
  t.equal(later.admit(hashOf('a'), EVENT_KEEP_MS, null), true)
  t.equal(database.prepare('SELECT count(*) AS n FROM event').get()?.['n'], 1)
})

t.test('P2.9 so many ids are remembered, the oldest is forgotten first', async (t) => {
  const database = openDatabase()
  const count = 5000
  const ids = new EventIds(database, count)
  for (let number = 0; number <= count; number += 1) ids.admit(hashOf(String(number)), 0, null)
  ids.committed()
  ids.forgetOld(0)
  t.equal(database.prepare('SELECT count(*) AS n FROM event').get()?.['n'], count)
  const again = new EventIds(database, count)
  const known = Array.from({ length: count }, (_, index) => hashOf(String(index + 1)))
  t.strictSame(
    known.filter((hash) => again.admit(hash, 0, null)),
    [],
  )
  t.equal(again.admit(hashOf('0'), 0, null), true)
})

t.test('P6.1 an id that damage has made unreadable takes no other with it', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const hash of [
    `'short'`,
    `x'00ff'`,
    'NULL',
    '17',
    `'${hashOf('c').slice(0, 9)}\u0001\u0002'`,
  ]) {
    const database = openDatabase()
    const ids = new EventIds(database)
    for (const name of names) ids.admit(hashOf(name), 0, null)
    ids.committed()
    database.exec(`UPDATE event SET hash = ${hash}, at = 'x' WHERE number = 3`)
    const again = new EventIds(database)
    const repeats = names.filter((name) => !again.admit(hashOf(name), 0, null))
    t.strictSame(repeats, ['a', 'b', 'd', 'e'], hash)
  }
})

t.test('what was rolled back is unknown', async (t) => {
  const database = openDatabase()
  const ids = new EventIds(database)
  database.exec('BEGIN')
  t.equal(ids.admit(hashOf('a'), 0, null), true)
  database.exec('ROLLBACK')
  ids.rolledBack()
  t.equal(ids.admit(hashOf('a'), 0, null), true)
})

t.test('the table finds what is in it and nothing else, whatever comes and goes', async (t) => {
  const table = new EventTable(300)
  const model: number[] = []
  const words = (number: number): Uint32Array =>
    // Few home slots: neighbours push each other about.
    Uint32Array.of((number * 2_654_435_761) & 63, number, 7)
  for (let number = 0; number < 5000; number += 1) {
    table.add(words(number), number)
    model.push(number)
    if (model.length > 300) model.shift()
    if (number % 7 === 0) {
      table.removeOldest()
      model.shift()
    }
    if (number % 11 === 0) {
      table.removeNewest()
      model.pop()
    }
  }
  const known = new Set(model)
  const wrong = Array.from({ length: 5000 }, (_, number) => number).filter(
    (number) => table.has(words(number)) !== known.has(number),
  )
  t.strictSame(wrong, [])
  t.equal(table.size, model.length)
  t.equal(table.oldestAge, model[0])
})
