// SPDX-License-Identifier: GPL-2.0-only
// The hits of a search, with links to their addresses and frames.
import { hex, hexVa } from '../../../contract/format.ts';
import { ContextMenu } from '../../parts/ContextMenu.tsx';
import { LinkButton } from '../../parts/LinkButton.tsx';
import { placeUnder } from '../../parts/rowKeys.ts';
import { copyAction } from '../../state/actions.ts';
import { openAddress } from '../../state/memory.ts';
import { goTo } from '../../state/navigate.ts';
import { type Search, setSearching } from '../../state/search.ts';
import { menuOf } from '../common/menu.tsx';
import '../../parts/listing.css';

export function SearchHits({ search }: { search: Search }) {
  function itemsOf(target: HTMLElement) {
    const h = search.hits[placeUnder(target) ?? -1];
    if (!h) return [];
    return menuOf([
      [copyAction('bytes', h.bytes), copyAction('physical address', hex(h.pa))],
      ...(search.space ? [[copyAction('address', hexVa(h.address))]] : []),
    ]);
  }
  return (
    <div className="scroll" tabIndex={0} role="group" aria-label="Hits">
      <ContextMenu itemsOf={itemsOf} area={<table className="listing" />}>
        <thead>
          <tr>
            {search.space && <th>Address</th>}
            <th>Physical</th>
            <th>Bytes</th>
            <th>Text around it</th>
          </tr>
        </thead>
        <tbody>
          {search.hits.map((h, i) => (
            <tr key={h.address} data-at={i}>
              {search.space && (
                <td className="num">
                  <LinkButton
                    onClick={() => {
                      setSearching(false);
                      if (search.space) void goTo(search.space, h.address);
                    }}
                  >
                    {hexVa(h.address)}
                  </LinkButton>
                </td>
              )}
              <td className="num">
                <LinkButton
                  onClick={() => {
                    setSearching(false);
                    openAddress(h.pa);
                  }}
                >
                  {hex(h.pa, 9)}
                </LinkButton>
              </td>
              <td className="num">{h.bytes}</td>
              <td className="num">{h.text}</td>
            </tr>
          ))}
        </tbody>
      </ContextMenu>
    </div>
  );
}
