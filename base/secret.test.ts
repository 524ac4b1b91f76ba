import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { temporaryFolder } from '../test/fixtures/folder.ts'
import { readSecret, secretOf } from './secret.ts'

const rule = { name: 'token', key: 'http.token_file', minChars: 8, known: ['published-one'] }

t.test('a secret is what its file holds, without white space around it', async (t) => {
  const file = join(temporaryFolder(t), 'token')
  writeFileSync(file, '  correct-horse\n')
  t.equal(readSecret(file, rule), 'correct-horse')
})

t.test('what is no secret is refused with the file, and never quoted', async (t) => {
  const file = join(temporaryFolder(t), 'token')
  t.throws(() => readSecret(file, rule), { code: 'secret_unusable', hint: /http\.token_file/ })
  for (const text of [
    '',
    ' \n',
    'short',
    'published-one',
    'two words here',
    'umlaut-äöü',
    'a\0bcdefgh',
  ]) {
    writeFileSync(file, text)
    try {
      readSecret(file, rule)
      t.fail(`${JSON.stringify(text)} was taken`)
    } catch (error) {
      t.match(error, { code: 'secret_unusable', kind: 'operator' })
      t.ok(error instanceof Error && error.message.includes(file))
      if (text.trim() !== '') t.notOk(String(error).includes(text), 'the text is not quoted')
    }
  }
})

t.test('only the secret matches, whatever is guessed', async (t) => {
  const secret = secretOf('correct-horse')
  t.equal(secret.matches('correct-horse'), true)
  const guesses = ['', 'correct-hors', 'correct-horse ', 'Correct-horse', '\ud800', 'x'.repeat(1e6)]
  for (const guess of guesses) t.equal(secret.matches(guess), false, guess.slice(0, 20))
})
