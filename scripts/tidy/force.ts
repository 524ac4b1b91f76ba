// Laws on types and errors: nothing is forced past the compiler, nothing is thrown without a code,
// nothing that was thrown is swallowed.

import ts from 'typescript'
import { isTestCode, sourceLaw, visit } from './law.ts'

const any = sourceLaw('any', 'no `any`', (source, report) => {
  visit(source, (node) => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) report(node, '`any`; use `unknown` and look inside')
  })
})

const nonNull = sourceLaw('non-null', 'no `!` against the compiler', (source, report) => {
  visit(source, (node) => {
    const asserted =
      ts.isNonNullExpression(node) ||
      ((ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node)) &&
        node.exclamationToken !== undefined)
    if (asserted) report(node, '`!`; handle the missing value, or make its type say it is there')
  })
})

const cast = sourceLaw('cast', 'no `as` other than `as const`', (source, report) => {
  visit(source, (node) => {
    const forced = ts.isTypeAssertionExpression(node) || ts.isAsExpression(node)
    if (!forced || ts.isConstTypeReference(node.type)) return
    report(node, '`as`; parse the value into its type, or use `satisfies`')
  })
})

const ERROR_HOME = 'base/errors.ts'

const bareError = sourceLaw('bare-error', 'errors carry a code', (source, report) => {
  if (isTestCode(source.path) || source.path === ERROR_HOME) return
  visit(source, (node) => {
    if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
      ts.isIdentifier(node.expression) &&
      node.expression.text === 'Error'
    ) {
      report(node, `a bare Error; throw a HubleafError with a code of ${ERROR_HOME}`)
    }
    if (
      ts.isHeritageClause(node) &&
      node.types.some((type) => /Error$/.test(type.expression.getText()))
    ) {
      report(node, `an error class of its own; HubleafError and a code of ${ERROR_HOME} are enough`)
    }
  })
})

const swallowed = sourceLaw('swallowed', 'no error is swallowed', (source, report) => {
  visit(source, (node) => {
    if (ts.isCatchClause(node) && node.block.statements.length === 0) {
      report(
        node,
        'an empty catch; look at the code of the error, and rethrow what is not expected',
      )
    }
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return
    const method = node.expression.name.text
    const handler = method === 'catch' ? node.arguments[0] : node.arguments[1]
    if (
      (method === 'catch' || method === 'then') &&
      handler !== undefined &&
      doesNothing(handler)
    ) {
      report(node, 'a rejection is thrown away; look at the code of the error, or log it')
    }
  })
})

/** True for a function without content: `() => {}`, `() => undefined`, `() => null`. */
function doesNothing(handler: ts.Expression): boolean {
  if (!ts.isArrowFunction(handler) && !ts.isFunctionExpression(handler)) return false
  const { body } = handler
  if (ts.isBlock(body)) return body.statements.length === 0
  return (
    body.kind === ts.SyntaxKind.NullKeyword ||
    ts.isVoidExpression(body) ||
    (ts.isIdentifier(body) && body.text === 'undefined')
  )
}

/** Laws on types and errors. */
export const forceLaws = [any, nonNull, cast, bareError, swallowed]
