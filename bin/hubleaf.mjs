#!/usr/bin/env node
// The command `hubleaf`: runs the program on Node 24, which comes as the package `node`. Takes the
// emitted JavaScript where there is one, else the sources.

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { become, launchOf } from '../base/launch.mjs'

const NODE_MAJOR = 24

const root = fileURLToPath(new URL('../', import.meta.url))
const program = ['dist/hubleaf.js', 'hubleaf.ts'].map((name) => join(root, name)).find(existsSync)
const node =
  packagedNode() ??
  (Number.parseInt(process.versions.node) >= NODE_MAJOR ? process.execPath : undefined)

/** The Node of the package `node`, wherever npm has put it; undefined if its install script did not run. */
function packagedNode() {
  try {
    const file = join(
      dirname(createRequire(import.meta.url).resolve('node/package.json')),
      'bin/node',
    )
    return existsSync(file) ? file : undefined
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error
    return undefined
  }
}

if (program === undefined || node === undefined) {
  const missing = program === undefined ? 'the program (dist/hubleaf.js)' : `Node ${NODE_MAJOR}`
  const repair = program === undefined ? 'npm run build' : 'npm rebuild node --ignore-scripts=false'
  process.stderr.write(`hubleaf: ${missing} is missing\n  repair it with: ${repair}\n`)
  process.exitCode = 1
} else {
  const words = process.argv.slice(2)
  const { options, environment } = launchOf(words[0])
  process.exitCode = await become(node, [...options, program, ...words], {
    ...environment,
    ...process.env,
  })
}
