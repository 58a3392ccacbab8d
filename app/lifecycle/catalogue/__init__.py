"""The occupation catalogue (职业目录) that items are chosen from."""
