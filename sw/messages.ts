/** What a page tells a waiting service worker: replace the old one now, unless another page still runs with it. */
export const TAKE_OVER = 'petal-take-over'
