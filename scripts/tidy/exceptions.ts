// The one place where a law may be set aside, each time with a line of reason. An exception that
// nothing needs any more is itself a violation.

/** A law that does not hold in one file, or in a folder if the path ends with a slash. */
export interface Exception {
  readonly law: string
  readonly path: string
  readonly reason: string
}

/** All exceptions. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    law: 'cast',
    path: 'wire/ids.ts',
    reason: 'a brand exists for the compiler only; its constructors check the text and then say so',
  },
  {
    law: 'time',
    path: 'cloud/dashboard/page/clock.ts',
    reason: 'the door to time in the browser, where base/ cannot be loaded',
  },
  ...['time', 'json-text'].map((law) => ({
    law,
    path: 'scripts/setup/',
    reason: 'runs on whatever Node there is, before there is one that could load base/',
  })),
]
