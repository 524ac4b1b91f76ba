// The empty page: how the first reading gets here. The command is text to copy; nothing is sent
// from here.

import { byId, setText } from './dom.ts'

/** The agent's address when nobody configured one. */
const AGENT_URL = 'http://127.0.0.1:8686'

/** Shows or hides the help; the command is ready to paste. */
export function showHelp(shown: boolean, agentUrl: string | null): void {
  byId('help').hidden = !shown
  if (shown) setText(byId('command'), commandText(agentUrl ?? AGENT_URL))
}

function commandText(agentUrl: string): string {
  const reading = { type: 'temperature', device: 'kitchen', value: 21.5, unit: 'C' }
  return [
    `curl ${agentUrl.replace(/\/$/, '')}/v1/readings \\`,
    `  -H 'content-type: application/json' \\`,
    `  -d '${JSON.stringify(reading)}'`,
  ].join('\n')
}
