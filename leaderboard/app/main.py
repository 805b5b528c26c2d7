"""The script that Streamlit runs, once for every reader and again after every click."""

from lifealign_bench.leaderboard.app.shell import show

if __name__ == "__main__":
    show()
