// What somebody is writing: the text of a field, and whether it is to be internal, as the box in its form says.
export const draftOf = (field) => ({ text: field.value, internal: Boolean(field.form.elements.internal?.checked) });

export function give(field, { text, internal }) {
  field.value = text;
  const box = field.form.elements.internal;
  if (box) box.checked = internal;
}
