// Lint for what the compiler cannot see: promises nobody awaits, casts, dead branches. The project's
// own laws (import direction, doors to time and process, sizes, comments) are in scripts/tidy.ts.

import js from '@eslint/js'
import ts from 'typescript-eslint'

// tap waits for a subtest by itself, whether somebody awaits it or not. It knows nothing of an
// assertion's promise, so `t.rejects` and `assert.rejects` must be awaited like all others.
const subtests = { from: 'package', package: '@tapjs/test', name: ['test', 'skip', 'todo'] }

// What plain JavaScript here (set-up, before there are packages) may use without importing it.
const nodeGlobals = [
  ...['process', 'console', 'Buffer', 'URL', 'TextDecoder', 'fetch', 'AbortController'],
  ...['AbortSignal', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'],
]

export default ts.config(
  { ignores: ['dist/', 'node_modules/', 'data/', '.tap/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...ts.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['./tsconfig.json', './cloud/dashboard/page/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      // `void promise` hides a rejection just as well as forgetting it does.
      '@typescript-eslint/no-floating-promises': ['error', { ignoreVoid: false }],
      // What gives a promise must reject, never throw, so that one `catch` sees both.
      '@typescript-eslint/promise-function-async': ['error', { checkArrowFunctions: false }],
      // A promise returned out of `try` or past `using` escapes the handler or the disposal.
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A union kept open for readers of JSON is not redundant; async without await keeps a port's shape.
      '@typescript-eslint/require-await': 'off',
    },
  },
  {
    files: ['**/*.test.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { ignoreVoid: false, allowForKnownSafeCalls: [subtests] },
      ],
      '@typescript-eslint/no-confusing-void-expression': 'off',
    },
  },
  {
    // Relations between limits are asserted when the file loads; that the compiler can see today's
    // numbers agree is no reason to leave the assertion out.
    files: ['**/limits.ts'],
    rules: { '@typescript-eslint/no-unnecessary-condition': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: Object.fromEntries(nodeGlobals.map((name) => [name, 'readonly'])) },
  },
)
