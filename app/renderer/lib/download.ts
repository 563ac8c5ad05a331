// Finished files that the other end has for us.
import { EXPORT_PATH } from '../../contract/api.ts';

/** Has the browser, or the desktop, save the export `id` as a file of this name. */
export function download(id: string, file: string): void {
  const link = document.createElement('a');
  link.href = `${EXPORT_PATH}${id}`;
  link.download = file;
  link.click();
}
