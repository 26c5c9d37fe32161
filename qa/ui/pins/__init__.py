"""The pinned questions of the chat: asking them again in the background, and how they and their changes look."""
