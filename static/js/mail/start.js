/* The mailbox page: everything it does beyond links and forms begins here. */

import { currentRow, dress } from "heron/mail/rows";
import { watch } from "heron/mail/chunks";
import { start as startHistory } from "heron/mail/reader";
import "heron/mail/row_acts";
import "heron/mail/panes";
import "heron/mail/menus";
import "heron/mail/keys";
import "heron/mail/palette";
import "heron/mail/search_box";
import "heron/mail/help";
import "heron/mail/cards";
import "heron/mail/arrange";
import "heron/mail/drag";
import "heron/mail/drag_folder";
import "heron/mail/everything";
import "heron/mail/gestures";
import { adoptAll } from "heron/mail/frame";
import { start as startLive } from "heron/mail/live";

document.documentElement.classList.add("scripted");
dress();
currentRow()?.scrollIntoView({ block: "nearest" });
watch();
startHistory();
adoptAll();
startLive();
