// The desktop window started with a cr3scope:// link, as the desktop's handler of such links does.
import { expect, test } from 'vitest';
import { electronProgram, openDesktop } from './faces.ts';

const program = electronProgram();

test.skipIf(!program)('opens at the frame that the link names', async () => {
  const face = await openDesktop(program as string, 'cr3scope://frame/100010');
  try {
    const frame = face.page.getByRole('region', { name: 'Frame', exact: true });
    await frame.getByRole('heading', { name: 'Frame 100', exact: true }).waitFor();
    await expect.poll(() => face.page.getByRole('region', { name: 'Data inspector' }).innerText()).toContain('+010');
  } finally {
    await face.close();
  }
});
