import type { XmlElement } from "./xml.ts";

/** Whether an element has this name; letters of the other case are overlooked, with a note (protocol T26). */
export function isNamed(element: XmlElement, name: string, notes: string[]): boolean {
  if (element.name === name) return true;
  if (element.name.length !== name.length || element.name.toLowerCase() !== name.toLowerCase()) return false;
  notes.push(`element ${element.name} read as ${name}`);
  return true;
}

export function childrenNamed(parent: XmlElement, name: string, notes: string[]): readonly XmlElement[] {
  return parent.children.filter((child) => isNamed(child, name, notes));
}
