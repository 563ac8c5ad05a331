// SPDX-License-Identifier: GPL-2.0-only
// Bookmarks in physical memory, kept by this browser.
import { create } from 'zustand';

export interface Bookmark {
  readonly bootId: string;
  /** Physical address, in hex. */
  readonly pa: string;
  readonly note: string;
}

const BOOKMARKS_KEY = 'cr3scope.bookmarks';

function savedBookmarks(): Bookmark[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(BOOKMARKS_KEY) ?? '[]');
    return Array.isArray(list)
      ? list.filter((b) => typeof b?.bootId === 'string' && /^[0-9a-f]+$/.test(b.pa) && typeof b.note === 'string')
      : [];
  } catch {
    return [];
  }
}

export const useBookmarks = create<{ readonly bookmarks: readonly Bookmark[] }>(() => ({
  bookmarks: savedBookmarks(),
}));

function keep(bookmarks: readonly Bookmark[]): void {
  localStorage.setItem(BOOKMARKS_KEY, JSON.stringify(bookmarks));
  useBookmarks.setState({ bookmarks });
}

/** Adds a bookmark, or changes the note of an existing one. */
export function setBookmark(bookmark: Bookmark): void {
  const others = useBookmarks.getState().bookmarks.filter((b) => b.bootId !== bookmark.bootId || b.pa !== bookmark.pa);
  keep([...others, bookmark]);
}

export const removeBookmark = (gone: Bookmark): void =>
  keep(useBookmarks.getState().bookmarks.filter((b) => b !== gone));
