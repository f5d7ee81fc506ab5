export type Notifier = { stop(): Promise<void> }
export async function startNotifier(_options: unknown): Promise<Notifier> {
  throw new Error('being written')
}
