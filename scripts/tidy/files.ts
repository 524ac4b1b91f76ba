// The texts of the repository as git sees them: what is tracked and what is about to be. Without
// git (an unpacked archive) the folder is walked instead. Files with a zero byte are no texts.

import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join, sep } from 'node:path'
import { systemCodeOf } from '../../base/errors.ts'
import type { TextFile } from './law.ts'

const NOT_OURS = ['node_modules', 'dist', 'data', 'coverage', '.tap', '.git']

/** All text files below `root`. */
export function readTexts(root: string): readonly TextFile[] {
  const paths = listed(root) ?? walked(root)
  return paths.sort().flatMap((path) => {
    const bytes = bytesAt(join(root, path))
    return bytes === undefined || bytes.includes(0) ? [] : [{ path, text: bytes.toString('utf8') }]
  })
}

function listed(root: string): string[] | undefined {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  try {
    const output = execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe' })
    return output.split('\0').filter((path) => path !== '')
  } catch {
    return undefined
  }
}

function walked(root: string): string[] {
  const exclude = (name: string): boolean => NOT_OURS.includes(name)
  const found = globSync('**/*', { cwd: root, exclude })
  return found.map((path) => path.split(sep).join('/'))
}

/** The content of a file; undefined for folders, links, and what git lists but was deleted. */
function bytesAt(path: string): Buffer | undefined {
  try {
    return statSync(path).isFile() ? readFileSync(path) : undefined
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
