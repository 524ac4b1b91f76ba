import { readFileSync } from 'node:fs'
import t from 'tap'
import { agentSchema } from '../agent/config.ts'
import { configKeys } from '../base/config.ts'
import { dashboardSchema } from '../cloud/dashboard/config.ts'
import { storageSchema } from '../cloud/storage/config.ts'
import { workerSchema } from '../cloud/worker/config.ts'

const page = readFileSync(new URL('../docs/OPERATING.md', import.meta.url), 'utf8')

/** The keys that the section of a role lists, in its order. */
function listed(role: string): readonly string[] {
  const section = page.split(`### ${role}\n`)[1]?.split(/^##/m)[0] ?? ''
  return [...section.matchAll(/^\| `([a-z_.]+)` \|/gm)].map((match) => match[1] ?? '')
}

const SCHEMAS = {
  ...{ agent: agentSchema, worker: workerSchema },
  ...{ storage: storageSchema, dashboard: dashboardSchema },
}

for (const [role, schema] of Object.entries(SCHEMAS)) {
  t.test(`OPERATING lists the keys of ${role}, all of them and no others`, async (t) => {
    t.strictSame([...listed(role)].sort(), [...configKeys(schema)].sort())
  })
}
