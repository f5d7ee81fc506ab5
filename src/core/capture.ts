/** One page of a snapshot; `page` is its stable name. */
export type Page = { page: string; bytes: Uint8Array }

/** A part of the state that can be captured page by page, as it was when the capture began, while it goes on changing. */
export interface Captured {
  beginCapture(options: { whole: boolean }): void
  nextPage(): Page | undefined
}
