// Objects that are like another but for a few methods: how plants wrap the agent's ports.
// The methods that are not replaced still belong to the object inside.

/** An object like `inner` of which some members are replaced. */
export function like<T extends object>(inner: T, replaced: Partial<T>): T {
  return new Proxy(inner, {
    get(target, name) {
      const own: unknown = Reflect.get(replaced, name)
      if (own !== undefined) return own
      const value: unknown = Reflect.get(target, name, target)
      if (typeof value !== 'function') return value
      return (...given: unknown[]): unknown => Reflect.apply(value, target, given)
    },
  })
}
