"""Start a thread that never ends, as components of machine learning libraries do. `SPANWISE_COMPONENTS` imports it."""

import threading

threading.Thread(target=threading.Event().wait, daemon=True).start()
