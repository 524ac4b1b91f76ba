// How long from `npm start` to a live chart in a real Chromium, with everything installed: with a data
// folder from a minute ago, and with an empty one. Prints a table and the machine; run it alone.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { systemClock } from '../../base/clock.ts'
import { HubleafError } from '../../base/errors.ts'
import { freePorts } from '../../base/free-port.ts'
import { findChromium, openPage } from '../../test/fixtures/browser.ts'
import { countPixels } from '../../test/fixtures/canvas.ts'
import { readShown } from '../../test/fixtures/dashboard.ts'
import { eventually } from '../../test/fixtures/eventually.ts'

const ROOT = join(import.meta.dirname, '../..')
const VIEW = { theme: 'light', width: 1200, height: 900 } as const

interface Times {
  /** Seconds until the page's server answered. */
  readonly answered: number
  /** Seconds until a line of the temperature chart covered 50 pixels with a point under 3 s old. */
  readonly charted: number
}

async function measure(browser: Browser, folder: string): Promise<Times> {
  const [dashboard = 0, push = 0] = await freePorts(2)
  const startedAt = systemClock.monotonic()
  const since = (): number => (systemClock.monotonic() - startedAt) / 1000
  const flags = ['--data', folder, '--port', String(dashboard), '--push-port', String(push)]
  const child = spawn('npm', ['start', '--silent', '--', ...flags], { cwd: ROOT, stdio: 'ignore' })
  const url = `http://127.0.0.1:${dashboard}`
  try {
    await eventually(async () => isWell(url), Boolean, 60_000)
    const answered = since()
    const { page } = await openPage(browser, url, VIEW)
    const isCharted = async (): Promise<boolean> => {
      const shown = await readShown(page)
      const chart = shown?.charts.find(({ type }) => type === 'temperature')
      const line = chart?.series[0]
      if (shown === undefined || line === undefined) return false
      const canvas = page.locator('[data-type="temperature"] canvas')
      return (
        (await countPixels(canvas, line.colour)) >= 50 && shown.now - (line.at.at(-1) ?? 0) < 3000
      )
    }
    await eventually(isCharted, Boolean, 60_000)
    const charted = since()
    await page.context().close()
    return { answered, charted }
  } finally {
    const ended = once(child, 'exit')
    child.kill('SIGINT')
    await ended
  }
}

async function isWell(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/healthz`)).ok
  } catch {
    return false
  }
}

const executablePath = findChromium()
if (executablePath === undefined) {
  throw new HubleafError('chromium_missing', 'this benchmark needs Chromium on PATH')
}
const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox'] })
const folder = mkdtempSync(join(tmpdir(), 'hubleaf-start-'))
const print = (line: string): boolean => process.stdout.write(`${line}\n`)
print(`${cpus()[0]?.model ?? 'unknown'}, ${cpus().length} cores, Node ${process.versions.node}`)
print('| data folder | page answers, s | live chart, s |\n| --- | ---: | ---: |')
try {
  for (const kind of ['empty', 'used', 'used', 'used']) {
    const { answered, charted } = await measure(browser, folder)
    print(`| ${kind} | ${answered.toFixed(1)} | ${charted.toFixed(1)} |`)
  }
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}
