/* Whether there is room for one pane only: in a narrow window, and on a phone that lies on its side. The sheets ask the
   same in the same words (tests/house/test_phone_query.py). */

const narrow = matchMedia("(width < 48em), (width < 60em) and (height < 27em) and (pointer: coarse)");

export const isPhone = () => narrow.matches;

/** Whether fingers are what is pointed with: then Back is a gesture, and the keyboard covers half of the screen. */
export const isTouched = () => matchMedia("(pointer: coarse)").matches;
