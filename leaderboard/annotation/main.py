"""The script that Streamlit runs, once for every rater and again after every key."""

from lifealign_bench.leaderboard.annotation.shell import show

if __name__ == "__main__":
    show()
