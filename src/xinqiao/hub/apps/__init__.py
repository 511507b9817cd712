"""The features that own tables: audit < notices < identity < consents < fundflow. A higher app calls a lower one."""
