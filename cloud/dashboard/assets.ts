// The files that a browser loads. All are read when the server starts, so that a missing one stops
// the start instead of breaking the page later. A page script is served as the emitted .js where
// there is one beside it, else as its TypeScript with the types stripped.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import type { FastifyInstance } from 'fastify'

/** One file as it is sent. */
export interface Asset {
  readonly type: string
  readonly body: Buffer
  readonly etag: string
}

const SCRIPT = 'text/javascript; charset=utf-8'
const STYLE = 'text/css; charset=utf-8'
const PAGE = new URL('./page/', import.meta.url)
// Where the package's TypeScript is the only source of html and css: beside dist/.
const PAGE_SOURCES = new URL('../../../cloud/dashboard/page/', import.meta.url)

/** All files by their path. Rejects with the system's error if one is missing. */
export async function loadAssets(): Promise<ReadonlyMap<string, Asset>> {
  const uplot = new URL('./', import.meta.resolve('uplot'))
  const assets = new Map<string, Asset>([
    ['/', asset('text/html; charset=utf-8', await readStatic('index.html'))],
    ['/style.css', asset(STYLE, await readStatic('style.css'))],
    ['/icon.svg', asset('image/svg+xml', await readStatic('icon.svg'))],
    ['/uplot.js', asset(SCRIPT, await readFile(new URL('uPlot.esm.js', uplot)))],
    ['/uplot.css', asset(STYLE, await readFile(new URL('uPlot.min.css', uplot)))],
  ])
  const names = (await readdir(PAGE)).filter((name) => /^[a-z-]+\.(ts|js)$/.test(name))
  const emitted = new Set(names.filter((name) => name.endsWith('.js')))
  for (const name of names) {
    const base = name.slice(0, -3)
    if (name.endsWith('.ts') && emitted.has(`${base}.js`)) continue
    const script = asset(SCRIPT, await readScript(new URL(name, PAGE)))
    // Imports among the scripts name the file as it is; the entry is asked for as .js always.
    assets.set(`/page/${base}.js`, script)
    if (name.endsWith('.ts')) assets.set(`/page/${name}`, script)
  }
  return assets
}

/** Adds a route for each file. */
export function addAssetRoutes(app: FastifyInstance, assets: ReadonlyMap<string, Asset>): void {
  for (const [path, { type, body, etag }] of assets) {
    app.get(path, async (request, reply) => {
      reply.header('etag', etag).header('cache-control', 'no-cache')
      if (request.headers['if-none-match'] === etag) return reply.code(304).send()
      return reply.type(type).send(body)
    })
  }
}

async function readStatic(name: string): Promise<Buffer> {
  try {
    return await readFile(new URL(name, PAGE))
  } catch {
    return readFile(new URL(name, PAGE_SOURCES))
  }
}

async function readScript(file: URL): Promise<Buffer> {
  const source = await readFile(file)
  if (!file.pathname.endsWith('.ts')) return source
  return Buffer.from(stripTypeScriptTypes(source.toString('utf8')))
}

function asset(type: string, body: Buffer): Asset {
  return { type, body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` }
}
