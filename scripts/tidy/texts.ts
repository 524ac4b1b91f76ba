// Laws on every tracked text, documents and data included: nothing in it is of use only to one
// machine or names a person's mailbox.

import type { Law } from './law.ts'

/** What must not stand in a tracked text, and why. */
interface Ban {
  readonly law: string
  readonly rule: string
  readonly pattern: RegExp
  readonly message: string
}

const BANS: readonly Ban[] = [
  {
    law: 'machine-path',
    rule: 'no path of one machine',
    // Temporary folders are counted in: os.tmpdir() knows where they are.
    pattern: /(?<![\w.\-/])\/(?:work|root|tmp|home\/\w+|Users\/\w+)(?:\/|(?=["'`\s)]|$))/m,
    message: 'a path of one machine; name it relative to the clone, or ask the system',
  },
  {
    law: 'registry',
    rule: 'no address of a package registry: each machine has its own set',
    pattern:
      /\bregistry\.[a-z0-9-]+\.[a-z]+|\bproxy\.golang\.org|\b(?:npm|pypi|goproxy)[a-z0-9.-]*\.(?:org|com|io|cn)\/(?!package\/)|\b[a-z0-9.-]*(?:artifactory|jfrog|verdaccio|nexus)[a-z0-9.-]*[.:][a-z0-9]+/i,
    message: 'the address of a registry; let the package manager use the one it is set to',
  },
  {
    law: 'mailbox',
    rule: 'no e-mail address',
    pattern: /(?<![\w/@:])[\w.+-]+@(?!example\.)[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}\b/i,
    message: 'an e-mail address',
  },
]

function lawOf({ law, rule, pattern, message }: Ban): Law {
  return {
    name: law,
    rule,
    judge: ({ texts }) =>
      texts.flatMap(({ path, text }) =>
        text.split('\n').flatMap((content, index) => {
          const found = pattern.exec(content)?.[0]
          if (found === undefined) return []
          return [{ law, path, line: index + 1, message: `${message} (${found.trim()})` }]
        }),
      ),
  }
}

/** Laws on all tracked texts. */
export const textLaws = BANS.map(lawOf)
