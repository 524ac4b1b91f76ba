// Which global names a piece of code uses. A local variable that happens to be called `process` is not
// the process; a member or a property of that name is neither.

import ts from 'typescript'

/** `Object.member`, or the global name, that a node refers to. */
export function globalUsed(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const owner = node.expression
    if (owner.text === 'globalThis') return node.name.text
    return isDeclaredAround(owner) ? undefined : `${owner.text}.${node.name.text}`
  }
  const used = ts.isIdentifier(node) && isReference(node) && !isDeclaredAround(node)
  return used ? node.text : undefined
}

/** True where an identifier stands for a value, and is not the name of a member or a declaration. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node
  if (ts.isShorthandPropertyAssignment(parent)) return true
  if (ts.isPropertyAssignment(parent) || ts.isVariableDeclaration(parent)) {
    return parent.initializer === node
  }
  if (ts.isParameter(parent) || ts.isBindingElement(parent) || ts.isPropertyDeclaration(parent)) {
    return parent.initializer === node
  }
  if (ts.isFunctionDeclaration(parent) || ts.isFunctionExpression(parent)) return false
  if (ts.isSpreadAssignment(parent)) return true
  return ts.isExpression(parent) || ts.isStatement(parent)
}

/** True if a scope around the node declares its name as a variable or a parameter. */
function isDeclaredAround(node: ts.Identifier): boolean {
  for (let scope: ts.Node = node; !ts.isSourceFile(scope); scope = scope.parent) {
    const around = scope.parent
    const parts = ts.isFunctionLike(around)
      ? around.parameters
      : ts.isBlock(around) || ts.isSourceFile(around)
        ? around.statements.flatMap(declarationsOf)
        : []
    if (parts.some((part) => bindingNames(part.name).includes(node.text))) return true
  }
  return false
}

function declarationsOf(statement: ts.Statement): readonly ts.VariableDeclaration[] {
  return ts.isVariableStatement(statement) ? statement.declarationList.declarations : []
}

function bindingNames(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text]
  return name.elements.flatMap((element) =>
    ts.isBindingElement(element) ? bindingNames(element.name) : [],
  )
}
