// SPDX-License-Identifier: GPL-2.0-only
// The menu of the window: all commands, as the desktop's own menu has them, too.
import { Menu } from '@base-ui/react/menu';
import { ChevronRight, Menu as MenuIcon } from 'lucide-react';
import { COMMANDS, commandsIn, MENUS, type Menu as MenuName } from '../../contract/commands.ts';
import { hasCommand, runCommand } from '../state/commands.ts';
import { keyText } from '../state/keys.ts';
import { useTarget } from '../state/target.ts';
import '../parts/popup.css';

function Submenu({ menu }: { menu: MenuName }) {
  const target = useTarget((s) => s.target);
  return (
    <Menu.SubmenuRoot>
      <Menu.SubmenuTrigger className="option">
        {MENUS[menu]} <ChevronRight size={13} aria-hidden="true" />
      </Menu.SubmenuTrigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={2} className="layer">
          <Menu.Popup className="popup menu">
            {commandsIn(menu)
              .filter((name) => hasCommand(name, target))
              .map((name) => {
                const { title, key } = COMMANDS[name];
                return (
                  <Menu.Item key={name} className="option" onClick={() => runCommand(name)}>
                    {title}
                    {key && <kbd className="dim">{keyText(key)}</kbd>}
                  </Menu.Item>
                );
              })}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.SubmenuRoot>
  );
}

export function MainMenu() {
  return (
    <Menu.Root>
      <Menu.Trigger className="icon-button" aria-label="Menu" title="Menu">
        <MenuIcon size={16} aria-hidden="true" />
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Positioner sideOffset={6} align="start" className="layer">
          <Menu.Popup className="popup menu">
            {(Object.keys(MENUS) as MenuName[]).map((menu) => (
              <Submenu key={menu} menu={menu} />
            ))}
          </Menu.Popup>
        </Menu.Positioner>
      </Menu.Portal>
    </Menu.Root>
  );
}
