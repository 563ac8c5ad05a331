// SPDX-License-Identifier: GPL-2.0-only
// The fields that the filters of the tables know.
import { FILTERED_TABLES } from '../../lib/fields.ts';

export const FilterHelp = () => (
  <>
    <h3>Filters of the tables</h3>
    <p>
      A field, an operator and a value, joined by and, or, not and parentheses. A word by itself is looked for. The
      boxes complete what is typed.
    </p>
    {FILTERED_TABLES.map(({ label, fields, example }) => (
      <table key={label} className="listing" aria-label={`Fields of ${label}`}>
        <caption>
          {label}, such as <code>{example}</code>
        </caption>
        <tbody>
          {fields.map(({ name, about }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{about}</td>
            </tr>
          ))}
        </tbody>
      </table>
    ))}
  </>
);
