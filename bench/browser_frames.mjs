// SPDX-License-Identifier: GPL-2.0-only
// The browser's own timings of its frames.

/** The times between two frames of a Playwright page in ms, while `act` is done again and again for `ms`; and how often it was. */
export async function frameTimes(page, ms, act) {
  const times = page.evaluate(
    (length) =>
      new Promise((done) => {
        const stamps = [];
        const step = (now) => {
          stamps.push(now);
          if (now - stamps[0] < length) requestAnimationFrame(step);
          else done(stamps.slice(1).map((at, i) => at - stamps[i]));
        };
        requestAnimationFrame(step);
      }),
    ms,
  );
  let over = false;
  times.then(() => {
    over = true;
  });
  let acts = 0;
  while (!over) {
    await act();
    acts++;
  }
  return { times: await times, acts };
}
