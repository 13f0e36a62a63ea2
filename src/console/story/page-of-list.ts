/** A page of a long list. */
export interface PageOfList<Item> {
  readonly items: readonly Item[];
  /** 1 is the oldest. */
  readonly page: number;
  readonly pages: number;
}

/** Of one page: a longer one holds up others while it is made. */
const MOST_ITEMS = 100;

/** `index`: of the item that the page is to have; negative: none. Without it and `page`, the latest page. */
export function pageOfList<Item>(items: readonly Item[], page?: number, index = -1): PageOfList<Item> {
  const pages = Math.max(1, Math.ceil(items.length / MOST_ITEMS));
  const wanted = index >= 0 ? Math.floor(index / MOST_ITEMS) + 1 : (page ?? pages);
  const shown = Math.min(Math.max(wanted, 1), pages);
  return { items: items.slice((shown - 1) * MOST_ITEMS, shown * MOST_ITEMS), page: shown, pages };
}
