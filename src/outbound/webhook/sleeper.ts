/** A sleep that can be cut short; a wake before the sleep is remembered. */
export type Sleeper = { sleep(ms: number): Promise<void>; wake(): void }

export function sleeper(): Sleeper {
  let awake = false
  let cut: (() => void) | undefined
  return {
    async sleep(ms) {
      if (!awake)
        await new Promise<void>(resolve => {
          const timer = setTimeout(resolve, ms)
          cut = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      awake = false
      cut = undefined
    },
    wake() {
      awake = true
      cut?.()
    },
  }
}
