// Claim: whatever arrives at the webhook, it is refused with a code or understood; a body that is
// understood gives readings that the contract allows, and headers that are believed are those that were
// signed. A million spoilt requests from a seed; HUBLEAF_FUZZ_SEED replays another.

import { createHash } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { sortEvents } from '../../agent/source/smartthings/webhook/events.ts'
import { parseEnvelope } from '../../agent/source/smartthings/webhook/parse-envelope.ts'
import type { RawRequest } from '../../agent/source/smartthings/webhook/signed-request.ts'
import { createVerifier } from '../../agent/source/smartthings/webhook/verifier.ts'
import { isHubleafError } from '../../base/errors.ts'
import { parseJson } from '../../base/json.ts'
import { randomInt, seededRandom } from '../../base/random.ts'
import type { Random } from '../../base/random.ts'
import { isCleanText, parseReading } from '../../wire/parse-reading.ts'
import { handClock } from '../fixtures/hand-clock.ts'
import { MUTATIONS } from '../fixtures/mutations.ts'
import type { Mutation, Specimen } from '../fixtures/mutations.ts'
import { pick } from '../fixtures/random-pack.ts'
import { seedOr } from '../fixtures/seed.ts'
import {
  KEY_ID,
  PATH,
  signed,
  SIGNED_AT,
  utcDate,
  VENDOR_KEYS,
} from '../fixtures/signed-request.ts'

const BODIES = 700_000
const HEADERS = 300_000
const BODY_CODES = ['webhook_malformed', 'webhook_lifecycle_unknown']
const HEADER_CODES = [
  ...['signature_missing', 'signature_malformed', 'signature_incomplete', 'signature_algorithm'],
  ...['signature_date', 'digest_mismatch', 'signature_key_refused', 'signature_mismatch'],
]

const seed = seedOr(20_261_125)
const random = seededRandom(seed)
const outcomes = new Map<string, number>()
const folder = fileURLToPath(new URL('../fixtures/smartthings/lifecycle/', import.meta.url))
const specimens = globSync('*.request.json', { cwd: folder }).map((name): Specimen => {
  // Without blanks, and without what nobody reads: spoiling it tests nothing.
  const whole = parseJson(readFileSync(`${folder}${name}`, 'utf8'))
  const unread = ['client', 'config', 'previousConfig', 'ownerId', 'ownerType', 'settings']
  const text = JSON.stringify(whole, (key, value: unknown) =>
    unread.includes(key) ? undefined : value,
  )
  return { bytes: Buffer.from(text), text }
})

/** What is in the frame that the mutations of packs put around a text. */
const unframed = (bytes: Uint8Array): Uint8Array =>
  bytes[0] === 0x48 && bytes[1] === 1 ? bytes.subarray(8) : bytes

/** What became of a body: a code, `understood`, or a sentence that says what is wrong. */
function bodyOutcome(bytes: Uint8Array): string {
  let message
  try {
    message = parseEnvelope(bytes).message
  } catch (error) {
    return isHubleafError(error) && BODY_CODES.includes(error.code)
      ? error.code
      : `threw ${String(error)}`
  }
  if ('installedAppId' in message && !isCleanText(message.installedAppId, 64)) return 'an odd id'
  if (message.kind !== 'event') return 'understood'
  const { installedAppId, locationId } = message.app
  if (!isCleanText(installedAppId, 64) || !isCleanText(locationId, 64)) return 'an odd id'
  const { readings, skipped, devicesChanged } = sortEvents(message.events, installedAppId)
  for (const reading of readings) {
    const { source, ...rest } = reading
    const checked = parseReading(rest, source)
    if (!checked.ok) return `a reading that the contract refuses: ${checked.refusal.message}`
    if (reading.site !== installedAppId || source !== 'smartthings') return 'a reading of elsewhere'
  }
  const told = skipped.length + devicesChanged.length
  if (readings.length + told > 2 * message.events.length) return 'more than was sent'
  return readings.length > 0 ? 'readings' : 'understood'
}

const base = signed({ body: '{"lifecycle":"PING"}', more: ['x-st-correlation', 'c0ffee'] })
const base2 = signed({ body: '{"lifecycle":"PONG"}', date: utcDate(SIGNED_AT + 1000) })
const verify = createVerifier({
  ...{ path: PATH, clock: handClock(SIGNED_AT) },
  keys: { keyFor: async () => VENDOR_KEYS.publicKey },
})

const TOKENS = [
  ...[
    '"',
    '\\',
    ',',
    ' ',
    '=',
    ';',
    '\t',
    'Signature ',
    'keyId="',
    'signature="',
    'headers="date"',
  ],
  ...[
    'algorithm="none"',
    '(request-target)',
    'digest',
    'date',
    'SHA256=',
    'UTC',
    'GMT',
    'AAAA',
    '==',
  ],
  ...[
    `keyId="${KEY_ID}"`,
    '/pl/',
    '..',
    '//',
    '@',
    '\u0000',
    'ä',
    '-',
    '20',
    'Sat, ',
    'x'.repeat(5000),
  ],
]

function spoilText(random: Random, text: string): string {
  const at = randomInt(random, text.length + 1)
  const how = randomInt(random, 5)
  if (how === 0) return text.slice(0, at)
  if (how === 1) return text.slice(0, at) + text.slice(at + 1 + randomInt(random, 4))
  if (how === 2) return text.slice(0, at) + pick(random, TOKENS) + text.slice(at)
  if (how === 3)
    return text.slice(0, at) + pick(random, TOKENS) + text.slice(at + randomInt(random, 20))
  const letter = String.fromCharCode(
    (text.charCodeAt(at % text.length) || 0) ^ (1 << randomInt(random, 7)),
  )
  return text.slice(0, at) + letter + text.slice(at + 1)
}

/** Spoils values, names and order of headers, or the body, or nothing at all. */
function spoilRequest(random: Random): RawRequest {
  const rawHeaders = [...base.rawHeaders]
  for (let left = 1 + randomInt(random, 2); left > 0; left -= 1) {
    const pairs = rawHeaders.length / 2
    if (pairs === 0) break
    const at = 2 * randomInt(random, pairs)
    const how = randomInt(random, 10)
    const other = base2.rawHeaders[base2.rawHeaders.indexOf(rawHeaders[at] ?? '') + 1] ?? ''
    if (how === 0) rawHeaders.splice(at, 2)
    else if (how === 1) rawHeaders.push(...rawHeaders.slice(at, at + 2))
    else if (how === 2) rawHeaders.push(...rawHeaders.splice(at, 2))
    else if (how === 3) rawHeaders[at + 1] = other
    else if (how === 4) rawHeaders[at] = spoilText(random, rawHeaders[at] ?? '')
    else rawHeaders[at + 1] = spoilText(random, rawHeaders[at + 1] ?? '')
  }
  const body =
    random.float() < 0.05 ? Buffer.from(spoilText(random, '{"lifecycle":"PING"}')) : base.body
  return { rawHeaders, body }
}

const valueOf = ({ rawHeaders }: RawRequest, name: string): string | undefined =>
  rawHeaders[rawHeaders.findIndex((each, at) => at % 2 === 0 && each.toLowerCase() === name) + 1]

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const bodies = new Set([base, base2].map(({ body }) => sha256(body)))

/** What became of a request; one that is believed must say what was signed. */
async function headerOutcome(request: RawRequest): Promise<string> {
  try {
    const { body } = await verify(request)
    const same = [base, base2].some((sound) =>
      ['date', 'digest'].every((name) => valueOf(request, name) === valueOf(sound, name)),
    )
    return same && bodies.has(sha256(body)) ? 'verified' : 'believed what nobody signed'
  } catch (error) {
    return isHubleafError(error) && HEADER_CODES.includes(error.code)
      ? error.code
      : `threw ${String(error)}`
  }
}

function note(outcome: string): void {
  outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
}

t.setTimeout(300_000)
t.comment(`seed ${seed}`)
// Stack traces of a million refusals would take half of the time.
const { stackTraceLimit } = Error
Error.stackTraceLimit = 0
t.teardown(() => (Error.stackTraceLimit = stackTraceLimit))

/** Applies a mutation; the first body that breaks the claim, if any. */
function hunt(mutation: Mutation, times: number) {
  for (let turn = 0; turn < times; turn += 1) {
    const bytes = unframed(mutation(random, pick(random, specimens), pick(random, specimens)))
    const outcome = bodyOutcome(bytes)
    note(outcome)
    const fine = outcome === 'readings' || outcome === 'understood' || BODY_CODES.includes(outcome)
    if (!fine) return { turn, outcome, bytes: Buffer.from(bytes).toString('base64') }
  }
  return undefined
}

for (const [name, share, mutation] of MUTATIONS) {
  t.test(`${name} never surprise the parser of bodies`, async (t) => {
    t.equal(hunt(mutation, (BODIES / 1000) * share), undefined, `seed ${seed}`)
  })
}

t.test('P9.21 spoilt headers are never believed', async (t) => {
  for (let turn = 0; turn < HEADERS; turn += 1) {
    const request = spoilRequest(random)
    const outcome = await headerOutcome(request)
    note(outcome)
    if (outcome === 'verified' || HEADER_CODES.includes(outcome)) continue
    t.fail(`turn ${turn}, seed ${seed}: ${outcome}`, { request })
    break
  }
})

t.test('P3.6 the hunt reached every refusal, and what is accepted', async (t) => {
  for (const [outcome, count] of outcomes) t.comment(`${outcome}: ${count}`)
  for (const code of [...BODY_CODES, ...HEADER_CODES]) {
    t.ok((outcomes.get(code) ?? 0) >= 100, `${code} occurred`)
  }
  for (const outcome of ['readings', 'understood', 'verified']) {
    t.ok((outcomes.get(outcome) ?? 0) >= 10_000, `${outcome} occurred`)
  }
  const total = [...outcomes.values()].reduce((sum, count) => sum + count, 0)
  t.ok(total >= 1_000_000, `${total} requests in all`)
})
