// Laws on doors: time, chance, the process and JSON text each have one way in, which simulations and
// tests can replace. Each ban names what to use instead.

import ts from 'typescript'
import { isTestCode, sourceLaw, visit } from './law.ts'
import type { Law } from './law.ts'
import { globalUsed } from './names.ts'

/** What lies behind a door, and who may go through. */
interface Door {
  readonly law: string
  readonly rule: string
  /** Global names, or members written `Object.member`, each with its substitute. */
  readonly names: { readonly [name: string]: string }
  /** Modules, or single exports of them written `module#export`, each with its substitute. */
  readonly modules: { readonly [name: string]: string }
  /** True for files on the inner side. */
  opens(path: string): boolean
}

const NOW = 'clock.now() of base/clock.ts'
const MONOTONIC = 'clock.monotonic() of base/clock.ts'
const SLEEP = 'clock.sleep() or clock.after() of base/clock.ts'
const RANDOM = 'a Random of base/random.ts'
const TOKEN = 'randomToken() of base/random.ts'

const inBase = (path: string): boolean => path.startsWith('base/')

const time: Door = {
  law: 'time',
  rule: 'clocks are read and timers set through a Clock of base/clock.ts',
  names: {
    'Date.now': NOW,
    performance: MONOTONIC,
    'process.hrtime': MONOTONIC,
    'process.uptime': MONOTONIC,
    'os.uptime': 'clock.sinceBoot() of base/clock.ts',
    setTimeout: SLEEP,
    setInterval: 'a loop over clock.sleep() of base/clock.ts',
    setImmediate: SLEEP,
    'AbortSignal.timeout': 'an AbortController and clock.after() of base/clock.ts',
  },
  modules: {
    timers: SLEEP,
    'timers/promises': SLEEP,
    perf_hooks: MONOTONIC,
    'os#uptime': 'clock.sinceBoot() of base/clock.ts',
  },
  opens: inBase,
}

const CRYPTO_CHANCE = [
  'randomBytes',
  'randomInt',
  'randomFill',
  'randomFillSync',
  'getRandomValues',
]

const chance: Door = {
  law: 'chance',
  rule: 'chance comes from a Random of base/random.ts',
  names: {
    'Math.random': 'random.float() of base/random.ts',
    randomUUID: TOKEN,
    'crypto.randomUUID': TOKEN,
    ...Object.fromEntries(CRYPTO_CHANCE.map((name) => [`crypto.${name}`, RANDOM])),
  },
  modules: {
    'crypto#randomUUID': TOKEN,
    ...Object.fromEntries(CRYPTO_CHANCE.map((name) => [`crypto#${name}`, RANDOM])),
  },
  opens: inBase,
}

const PROCESS = 'a value handed over by main.ts or config.ts'

const processDoor: Door = {
  law: 'process',
  rule: 'the process is seen by main.ts, config.ts, hubleaf.ts, base/, scripts/ and suites only',
  names: { process: PROCESS },
  modules: { process: PROCESS },
  opens: (path) =>
    /(^|\/)(main|config|hubleaf)\.[cm]?[jt]s$/.test(path) ||
    /^(base|scripts|bin)\//.test(path) ||
    isTestCode(path),
}

const jsonText: Door = {
  law: 'json-text',
  rule: 'JSON text becomes values in base/json.ts and in codecs and parsers only',
  names: { 'JSON.parse': 'parseJson() of base/json.ts' },
  modules: {},
  opens: (path) =>
    path === 'base/json.ts' || /(^|\/)(parse-[\w-]+|([\w-]+-)?(codec|parser))\.ts$/.test(path),
}

function lawOf(door: Door): Law {
  return sourceLaw(door.law, door.rule, (source, report) => {
    if (door.opens(source.path) || source.path.startsWith('test/fixtures/')) return
    visit(source, (node) => {
      const name = globalUsed(node) ?? ''
      const substitute = Object.hasOwn(door.names, name) ? door.names[name] : undefined
      if (substitute !== undefined) report(node, `${name} is behind a door; use ${substitute}`)
      for (const name of modulesUsed(node)) {
        const instead = Object.hasOwn(door.modules, name) ? door.modules[name] : undefined
        if (instead !== undefined) report(node, `${name} is behind a door; use ${instead}`)
      }
      if (door === time && isBareDate(node)) report(node, `Date without a time; use ${NOW}`)
    })
  })
}

/** `module` and `module#export` of an import, without `node:`. */
function modulesUsed(node: ts.Node): readonly string[] {
  if (!ts.isImportDeclaration(node) || !ts.isStringLiteral(node.moduleSpecifier)) return []
  if (node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword) return []
  const module = node.moduleSpecifier.text.replace(/^node:/, '')
  const bindings = node.importClause?.namedBindings
  if (bindings === undefined || !ts.isNamedImports(bindings)) return [module]
  const exports = bindings.elements.map((element) => (element.propertyName ?? element.name).text)
  return [module, ...exports.map((name) => `${module}#${name}`)]
}

function isBareDate(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) {
    const bare = (node.arguments ?? []).length === 0
    return bare && ts.isIdentifier(node.expression) && node.expression.text === 'Date'
  }
  return (
    ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === 'Date'
  )
}

/** Laws on the doors to the world. */
export const doorLaws = [time, chance, processDoor, jsonText].map(lawOf)
