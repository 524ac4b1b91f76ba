// Which boot of the machine this is: monotonic times of different boots must never be compared.
// Reads what the system says and guesses nothing.

import { readIfThere } from './durable-file.ts'
import { randomToken } from './random.ts'
import type { Random } from './random.ts'

/** 32 hex digits on Linux; elsewhere a token of this process, which stands for a boot of its own. */
export function readBootId(random: Random): string {
  const text = readIfThere('/proc/sys/kernel/random/boot_id')?.trim().replaceAll('-', '')
  return text !== undefined && /^[0-9a-f]{32}$/.test(text) ? text : randomToken(random, 26)
}
